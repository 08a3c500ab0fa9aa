from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from forecaster.calibration import Calibration, effective_size, passing_error
from forecaster.held_out import HeldOut, volume_classes
from forecaster.models.base import Forecast
from forecaster.models.seasonal_mean import SeasonalMean
from forecaster.quantiles import LEVELS, Marginals
from tests.conftest import make_panel

GRID = np.array(LEVELS)
N = 40_000


def uniform_marginals(n: int, low: float, high: float, is_count: bool = False) -> Marginals:
    """n series and 8 steps, each uniform from low to high."""
    values = np.broadcast_to(low + (high - low) * GRID, (n, 8, len(GRID)))
    return Marginals(GRID, values.astype(np.float32), is_count, is_signed=False)


def learned(pits: np.ndarray, **classes: np.ndarray) -> Calibration:
    n = len(pits)
    zeros = np.zeros(n, int)
    days = np.arange(n) % 997
    return Calibration.of_pits(
        pits, classes.get("steps", zeros), classes.get("volumes", zeros), days, 1e6
    )


@pytest.mark.parametrize("signed", [True, False])
def test_pit_is_the_inverse_of_the_quantiles_in_the_tails_too(signed):
    values = np.sort(np.random.default_rng(1).gamma(2, 3, (5, 4, len(GRID))), axis=-1)
    marginals = Marginals(GRID, values, is_count=False, is_signed=signed)
    for level in (0.001, 0.005, 0.03, 0.5, 0.975, 0.99, 0.995, 0.999):
        found = marginals.pit(marginals.quantiles(np.array([level]))[..., 0])
        np.testing.assert_allclose(found, level, atol=1e-4)


def test_a_model_too_sure_of_itself_is_mended_on_what_follows():
    """Demand is uniform on [0, 10); the model says [2, 8). Learned from some, true of others."""
    rng = np.random.default_rng(0)
    narrow = uniform_marginals(N // 8, 2, 8)
    pits = narrow.pit(rng.uniform(0, 10, (N // 8, 8)))
    calibration = learned(pits.ravel(), steps=np.tile(np.arange(8) // 2, N // 8))
    mended = calibration.applied(np.zeros((N // 8, 8)), narrow, np.zeros(N // 8, int))
    later = mended.pit(rng.uniform(0, 10, (N // 8, 8)))
    for level in (0.2, 0.3, 0.5, 0.7, 0.8):
        assert (pits < level).mean() == pytest.approx(0.2 + 0.6 * level, abs=0.01)
        assert (later < level).mean() == pytest.approx(level, abs=0.01)


def test_classes_have_maps_of_their_own_and_few_lean_on_the_pooled_one():
    rng = np.random.default_rng(0)
    pits = rng.random(N)
    volumes = np.arange(N) % 2
    pits[volumes == 1] **= 2  # of class B demand is lower than was said
    calibration = learned(pits, volumes=volumes)
    middle = list(LEVELS).index(0.5)
    assert calibration.levels[0, 0, middle] == pytest.approx(0.5, abs=0.02)
    assert calibration.levels[0, 1, middle] == pytest.approx(0.25, abs=0.02)
    pooled = (calibration.levels[1, 2, middle], calibration.levels[0, 2, middle])
    assert pooled == pytest.approx((0.36, 0.36), abs=0.03)  # class C has none: all together
    assert learned(pits[:4]).levels[0, 0] == pytest.approx(GRID, abs=0.15)
    assert calibration.n_obs.sum() == N


def test_one_horizon_says_how_wide_and_less_of_where():
    pits = np.random.default_rng(0).random(N) ** 2  # all of it lower than was said
    zeros, days = np.zeros(N, int), np.arange(N) % 997
    shift = [
        Calibration.of_pits(pits, zeros, zeros, days, horizons).levels[0, 0] - GRID
        for horizons in (1, 1e6)
    ]
    middle = list(LEVELS).index(0.5)
    assert shift[0][middle] == pytest.approx(shift[1][middle] / 1.2, rel=1e-4)
    spread = [part - part[::-1] for part in shift]
    np.testing.assert_allclose(spread[0], spread[1], atol=1e-3)


def test_levels_rise_and_come_back_from_json():
    pits = np.random.default_rng(0).random(500) ** 3
    calibration = learned(pits)
    assert (np.diff(calibration.levels, axis=-1) >= 0).all()
    again = Calibration.from_json(calibration.to_json())
    np.testing.assert_array_equal(again.levels, calibration.levels)
    marginals = uniform_marginals(3, 0, 9)
    same = Calibration.identity().applied(np.zeros((3, 8)), marginals, np.array([0, 1, 2]))
    np.testing.assert_array_equal(same.values, marginals.values)


def test_periods_that_share_a_shock_count_as_few():
    rng = np.random.default_rng(0)
    days = np.repeat(np.arange(20), 100)
    alone = rng.random(2000)
    together = np.clip(np.repeat(rng.random(20), 100) + 0.01 * alone, 0, 1)
    assert effective_size(alone, days) > 500
    assert effective_size(together, days) < 60


def test_volume_classes_are_those_of_segments():
    """By revenue of the last 91 days: 80, 10, 6 and 4 of 100, and one that sold before only."""
    panel = make_panel(n_series=5, n_periods=120)
    weight = np.zeros_like(panel.weight)
    weight[:, -10] = [6, 80, 4, 10, 0]
    weight[4, 0] = 1000
    found = volume_classes(dataclasses.replace(panel, weight=weight))
    assert list(found) == [1, 0, 2, 1, 2]


def held_out(
    mean: np.ndarray, spread: np.ndarray, said: np.ndarray, seed: int = 0
) -> list[HeldOut]:
    """One horizon of normal demand about `mean`, of which a model says the deviation is `said`."""
    rng = np.random.default_rng(seed)
    shape = (len(mean), 8)
    normal = np.quantile(rng.normal(size=200_000), GRID)
    values = np.broadcast_to((mean[:, None] + said[:, None] * normal)[:, None], (*shape, len(GRID)))
    own = Marginals(GRID, np.maximum(values, 0).astype(np.float32), False, False)
    actual = np.maximum(mean[:, None] + spread[:, None] * rng.normal(size=shape), 0)
    means = np.repeat(mean[:, None], 8, axis=1).astype(np.float32)
    every = np.ones(len(mean), bool)
    return [HeldOut(50, means, own, actual.astype(np.float32), every, np.zeros(len(mean), int))]


def test_a_distribution_of_its_own_is_kept_where_it_says_more():
    """Of means alike, half of the series vary ten times as much as the others."""
    mean = np.full(400, 20.0)
    spread = np.where(np.arange(400) % 2, 5.0, 0.5)
    knows = Calibration.learned(held_out(mean, spread, spread), 1.0, seed=1)
    assert knows.relative is None
    guesses = Calibration.learned(held_out(mean, spread, spread[::-1]), 1.0, seed=1)
    assert guesses.relative is not None


def test_what_takes_its_place_moves_with_the_mean():
    mean = np.linspace(5, 50, 1000)
    calibration = Calibration.learned(held_out(mean, 0.1 * mean, 9 + 0 * mean), 1.0, seed=1)
    assert calibration.relative is not None
    some = np.full((3, 8), 30, np.float32)
    own = uniform_marginals(3, 0, 1)
    for factor in (1.0, 1.2):
        found = calibration.applied(factor * some, own, np.zeros(3, int))
        tenth, half = found.quantiles(np.array([0.1, 0.5]))[0, 0]
        assert half == pytest.approx(factor * 30, rel=0.03)
        assert half - tenth == pytest.approx(factor * 3 * 1.2816, rel=0.25)
    again = Calibration.from_json(json.loads(json.dumps(calibration.to_json())))
    same = again.applied(some, own, np.zeros(3, int)).values
    np.testing.assert_array_equal(same, calibration.applied(some, own, np.zeros(3, int)).values)


def shared_error(*quarters: float) -> list[HeldOut]:
    """Forecasts of 20 from one origin, and so many times as much that came in each quarter."""
    (found,) = held_out(np.full(400, 20.0), np.full(400, 2.0), np.full(400, 2.0))
    return [dataclasses.replace(found, actual=found.actual * np.repeat(np.float32(quarters), 2))]


def test_an_error_that_comes_in_every_quarter_lasts_and_others_pass():
    steady, passing = shared_error(0.8, 0.8, 0.8, 0.8), shared_error(0.5, 0.7, 0.9, 1.1)
    assert passing_error(steady) == pytest.approx(1, abs=0.01)
    assert passing_error(passing) == pytest.approx(0.8, abs=0.02)
    assert passing_error([one.where(np.zeros(8, bool)) for one in steady]) == 1
    rest = Calibration.learned([one.times(passing_error(passing)) for one in passing], 1.0, seed=1)
    assert rest.location == pytest.approx(1, abs=0.02)
    all_of_it = Calibration.learned(steady, 1.0, seed=1)
    assert all_of_it.location == pytest.approx(0.8 ** (1 / 1.2), abs=0.01)


def test_weeks_in_which_nothing_came_pass_as_any_others_do():
    closed, nearly = (passing_error(shared_error(share, share, 1, 1)) for share in (0.0, 0.01))
    assert closed == pytest.approx(nearly, rel=0.01)
    assert closed < 0.8


def test_an_error_seen_once_is_not_taken_to_last():
    first = np.arange(8) < 2  # a quarter
    once = [one.where(first) for one in shared_error(0.5, 1, 1, 1)[:1]]
    assert passing_error(once) < 0.7


def test_an_error_that_passed_does_not_move_the_model_that_learned_of_it():
    """Demand falls to nothing in the horizon held out and comes back: forecasts stay where they
    are, where one that only leans is mended."""

    class Twice(SeasonalMean):
        def forecast(self, panel):
            raw = super().forecast(panel)
            return Forecast(2 * raw.mean, 2 * raw.quantiles, raw.status)

    panel = make_panel(n_series=60, n_periods=140)
    early = panel.n_periods - panel.horizon
    dips = panel.y.copy()
    dips[:, early : early + 3] = 0
    half = list(LEVELS).index(0.5)
    medians = []
    for y, kind in ((panel.y, SeasonalMean), (dips, SeasonalMean), (panel.y, Twice)):
        cut = dataclasses.replace(panel, y=y).at(panel.cutoff)
        model = kind()
        model.fit(cut, panel.ds[early - 1])
        medians.append(model.predict(cut).marginals.values[..., half].mean())
    assert medians[1] == pytest.approx(medians[0], rel=0.15)
    assert medians[2] == pytest.approx(medians[0], rel=0.15)


def test_nothing_known_calibrates_nothing():
    (found,) = held_out(np.full(5, 3.0), np.ones(5), np.ones(5))
    none = [found.where(np.zeros(8, bool))]
    calibration = Calibration.learned(none, 1.0, seed=1)
    assert calibration.n_obs.sum() == 0
    assert (calibration.levels == Calibration.identity().levels).all()


def test_later_demand_changes_no_calibration():
    """Whatever comes after the cutoff, and whatever is launched then."""
    panel = make_panel(n_series=30, n_periods=120)
    cutoff, origin = panel.ds[99], panel.ds[92]
    y = panel.y.copy()
    y[:, 100:] = 7777.5
    start = np.where(np.arange(30) == 5, 104, panel.start)
    other = dataclasses.replace(
        panel, y=y, y_train=y, stocked_out=1 - panel.stocked_out, start=start
    )
    other.stocked_out[:, :100] = panel.stocked_out[:, :100]
    panel = dataclasses.replace(panel, start=start)
    found = []
    for one in (panel, other):
        model = SeasonalMean()
        fit = model.fit(one.at(cutoff), origin)
        found.append((model.conformal.to_json(), [part.actual for part in fit.held_out]))
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])
    assert model.conformal.n_obs.sum() > 0


def test_what_calibrates_is_held_out_and_the_model_keeps_it(tmp_path):
    """A model whose quantiles are all zero learns to take its highest levels."""

    class Low(SeasonalMean):
        def forecast(self, panel):
            raw = super().forecast(panel)
            return Forecast(raw.mean, 0.8 * raw.quantiles, raw.status)

    panel = make_panel(n_series=60, n_periods=140)
    cut = panel.at(panel.cutoff)
    model = Low()
    model.fit(cut, panel.ds[panel.n_periods - 1 - panel.horizon])
    middle = list(LEVELS).index(0.5)
    assert (model.conformal.levels[:, :2, middle] > 0.51).all()
    assert model.conformal.n_obs.sum() > 60 * panel.horizon
    model.fit(cut, None)
    assert (model.conformal.levels == Calibration.identity().levels).all()
