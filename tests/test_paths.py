from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster.calibration import Calibration
from forecaster.hierarchy import Level
from forecaster.models.base import Forecast
from forecaster.nodes import NodeShapes
from forecaster.panel import Nodes
from forecaster.paths import draws, past_errors, quantiles_of, shuffled, strata, sums
from forecaster.quantiles import LEVELS, Marginals
from forecaster.reconciliation import Membership
from tests.conftest import make_panel

GRID = np.array(LEVELS)
WRITTEN = np.array([0.1, 0.5, 0.9])
HORIZON = 14


def market(n_series: int = 40, n_periods: int = 700, seed: int = 0):
    """Series that share a slow factor: N(10, 1) each, half of it the factor, an AR(1) of .9; with
    two nodes, the halves, and their total."""
    rng = np.random.default_rng(seed)
    total = n_periods + HORIZON
    factor = np.zeros(total)
    for t in range(1, total):
        factor[t] = 0.9 * factor[t - 1] + np.sqrt(1 - 0.81) * rng.normal()
    y = 10 + np.sqrt(0.5) * (factor + rng.normal(size=(n_series, total)))
    levels = (
        Level("half", np.array(["a", "b"], object), np.arange(n_series) % 2),
        Level("total", np.array(["total"], object), np.zeros(n_series, int)),
    )
    base = make_panel(n_series=n_series, n_periods=n_periods, horizon=HORIZON, season_length=1)
    panel = dataclasses.replace(
        base,
        y=y[:, :n_periods].astype(np.float32),
        stocked_out=np.zeros((n_series, n_periods), np.float32),
        start=np.zeros(n_series, int),
        levels=levels,
    )
    return panel.at(panel.cutoff)


def normal_forecast(panel) -> Forecast:
    draws = np.quantile(np.random.default_rng(1).normal(10, 1, 200_000), GRID).astype(np.float32)
    values = np.broadcast_to(draws, (panel.n_series, panel.horizon, len(GRID)))
    marginals = Marginals(GRID, values, is_count=False, is_signed=False)
    mean = np.full((panel.n_series, panel.horizon), 10, np.float32)
    status = np.full(panel.n_series, "ok", object)
    return Forecast(mean, marginals.at(WRITTEN), status, marginals)


def sums_of(panel, **changes):
    included = np.ones((panel.n_series, panel.horizon), bool)
    forecast = normal_forecast(panel)
    return sums(panel, forecast, included, WRITTEN, np.array([0.1, 0.9]), seed=1, **changes)


def test_values_take_the_order_of_the_templates():
    templates = np.array([[[0.3, 9.0, -1.0]], [[5.0, 4.0, 3.0]]])
    values = np.array([[[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]]])
    found = shuffled(values, templates)
    np.testing.assert_array_equal(found, [[[2.0, 3.0, 1.0]], [[30.0, 20.0, 10.0]]])


def test_sums_of_series_that_move_together_are_as_wide_as_they_are():
    """Of 40 series with correlation .5 the total has a deviation of 28.6, not of 6.3."""
    panel = market()
    total = sums_of(panel).nodes[1]
    spread = (total.quantiles[0, :, 2] - total.quantiles[0, :, 0]).mean() / 2.563
    truth = np.sqrt(40**2 * 0.5 + 40 * 0.5)
    assert spread == pytest.approx(truth, rel=0.25)


def test_sums_over_time_are_wider_than_if_days_were_independent():
    found = sums_of(market()).cumulative
    spread = (found[:, -1, 2] - found[:, -1, 0]).mean() / 2.563
    assert spread > 1.5 * np.sqrt(HORIZON)


def test_own_paths_order_a_series_sums_over_time_and_no_sums_over_series():
    panel = market()
    plain = sums_of(panel)
    own = sums_of(panel, own_paths=lambda p, rows, n: _noise(len(rows), p.horizon, n))
    spread = (own.cumulative[:, -1, 2] - own.cumulative[:, -1, 0]).mean() / 2.563
    assert spread == pytest.approx(np.sqrt(HORIZON), rel=0.1)
    for found, expected in zip(own.nodes, plain.nodes, strict=True):
        np.testing.assert_array_equal(found.quantiles, expected.quantiles)
        np.testing.assert_array_equal(found.cumulative, expected.cumulative)


def test_a_node_has_the_sum_of_the_means_and_quantiles_around_it():
    panel = market()
    found = sums_of(panel)
    half, total = found.nodes
    np.testing.assert_allclose(half.mean.sum(axis=0), total.mean[0])
    np.testing.assert_allclose(total.mean, 400)
    assert (np.diff(total.quantiles, axis=-1) > 0).all()
    assert ((total.quantiles[..., 0] < 400) & (total.quantiles[..., 2] > 400)).all()
    np.testing.assert_allclose(total.interval, total.quantiles[..., [0, 2]])
    np.testing.assert_array_equal(found.cumulative[:, 0], normal_forecast(panel).quantiles[:, 0])


def test_what_is_not_forecast_adds_nothing():
    panel = market(n_series=4)
    included = np.ones((4, HORIZON), bool)
    included[0, :5], included[1] = False, False
    found = sums(panel, normal_forecast(panel), included, WRITTEN, np.array([0.1, 0.9]), seed=1)
    np.testing.assert_allclose(found.nodes[1].mean[0, [0, 6]], [20, 30])
    assert (found.cumulative[0, :5] == 0).all()
    assert (found.cumulative[1] == 0).all()
    assert found.nodes[0].is_included.all()


def test_sums_lie_where_what_was_held_out_lay():
    panel = market()
    forecast = normal_forecast(panel)
    more = dataclasses.replace(Calibration.identity(), location=1.1)
    included = np.ones((panel.n_series, HORIZON), bool)
    found = sums(
        panel,
        dataclasses.replace(forecast, calibration=more),
        included,
        WRITTEN,
        np.array([0.1, 0.9]),
        seed=1,
    )
    total = found.nodes[1]
    np.testing.assert_allclose(total.mean, 400)
    assert total.quantiles[0, :, 1].mean() == pytest.approx(440, rel=0.01)
    assert found.cumulative[:, -1, 1].mean() == pytest.approx(1.1 * 10 * HORIZON, rel=0.02)


def test_nodes_of_a_model_of_their_own_have_its_distribution_about_their_mean():
    """The nodes' model says a normal of 100 ± 5 where the series add up to 400; one level has none
    of its own."""
    panel = market()
    normal = np.quantile(np.random.default_rng(1).normal(size=200_000), GRID)
    values = np.broadcast_to(100 + 5 * normal, (2, HORIZON, len(GRID))).astype(np.float32)
    shapes = NodeShapes(
        mean=np.full((2, HORIZON), 100, np.float32),
        marginals=Marginals(GRID, values, is_count=False, is_signed=False),
        spread=0.5,
        is_used=np.array([False, True]),
    )
    empty = Membership.of(np.zeros(0, int), np.zeros(0, int), (2, 40), np.array(["", "total"]))
    nodes = Nodes(panel, empty, {"total": np.array([1])})
    included = np.ones((panel.n_series, HORIZON), bool)
    plain = normal_forecast(panel)
    found, before = (
        sums(
            dataclasses.replace(panel, nodes=nodes),
            forecast,
            included,
            WRITTEN,
            np.array([0.1, 0.9]),
            seed=1,
        )
        for forecast in (dataclasses.replace(plain, shapes=shapes), plain)
    )
    tenth, half, rest = found.nodes[1].quantiles[0].T
    np.testing.assert_allclose(half, 400, rtol=0.01)
    np.testing.assert_allclose(rest - tenth, 0.5 * 4 * 5 * 2 * 1.2816, rtol=0.1)
    np.testing.assert_array_equal(found.nodes[0].quantiles, before.nodes[0].quantiles)
    # over time it hangs together as the draws did: wider than days that do not
    spread = np.diff(found.nodes[1].cumulative[0, -1, [0, 2]])[0] / np.sqrt(HORIZON)
    assert spread > 1.5 * (rest - tenth).mean()


def test_counts_stay_whole_and_quantiles_are_draws():
    paths = np.array([[3.0, 0.0, 1.0, 2.0]])
    found = quantiles_of(paths, np.array([0.25, 0.26, 0.5, 1.0]), is_count=True)
    assert list(found[0]) == [0, 1, 1, 3]
    found = quantiles_of(paths, np.array([0.125, 0.5]), is_count=False)
    assert list(found[0]) == [0, 1.5]


@pytest.mark.parametrize("n_periods", [3, 9, 40])
def test_young_series_have_templates_of_their_own_or_are_independent(n_periods):
    panel = make_panel(n_periods=n_periods)
    cut = panel.at(panel.cutoff)
    rows = np.arange(panel.n_series)
    found = past_errors(cut, rows, 20, np.random.default_rng(0))
    assert found.shape == (panel.n_series, panel.horizon, 20)
    assert np.isfinite(found).all()


def test_the_same_seed_draws_the_same():
    panel = market(n_series=6, n_periods=100)
    np.testing.assert_array_equal(sums_of(panel).cumulative, sums_of(panel).cumulative)
    assert len(strata(4)) == 4


def test_nodes_add_up_their_members_alone():
    level = Level("half", np.array(["a", "b"], object), np.array([1, 0, -1, 1]))
    values = np.array([[1.0], [2.0], [4.0], [8.0]])
    assert level.summed(values).tolist() == [[2.0], [9.0]]
    total = np.zeros((2, 1))
    level.add(total, values[2:], np.array([2, 3]))
    assert total.tolist() == [[0.0], [8.0]]


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).random(shape)


def _of_counts(rate: np.ndarray) -> Marginals:
    rng = np.random.default_rng(0)
    y = rng.poisson(rate[:, None], (len(rate), 20_000)) + rng.random((len(rate), 20_000))
    values = np.quantile(y, GRID, axis=1).T[:, None].repeat(28, axis=1).astype(np.float32)
    return Marginals(GRID, values, is_count=True, is_signed=False)


def test_draws_of_what_hardly_sells_have_the_mean_that_is_asked_for():
    """Up to a stratum a day. Scaled by the factor alone, of y + U, the first would have 3.9 for
    1.1."""
    marginals = _of_counts(np.array([0.02, 0.05, 0.2, 3.0]))
    drawn = marginals.at(strata(200)).mean(-1)
    for factor in (0.7, 1.0, 1.3):
        found = draws(marginals, factor * drawn, 200)
        assert (found == found.round()).all()
        assert (np.diff(found, axis=-1) >= 0).all()
        np.testing.assert_allclose(
            found.mean(-1).sum(1), factor * drawn.sum(1), rtol=0.02, atol=0.2
        )


def test_a_factor_that_leaves_nothing_of_an_item_is_taken_back_half_way():
    found = draws(_of_counts(np.array([0.006])), np.full((1, 28), 0.42 / 28), 200)
    assert 0.2 < found.mean(-1).sum() < 0.6
