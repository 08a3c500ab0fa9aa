from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster import design as design_module
from forecaster.design import Design
from forecaster.errors import ForecastError
from forecaster.least_squares import NormalEquations, non_negative
from forecaster.models.linear import STRENGTHS, Linear, LinearSettings
from forecaster.models.seasonal_mean import SeasonalMean
from forecaster.signals import Signals
from tests.conftest import make_panel
from tests.models.model_checks import (
    check_blind_to_future,
    check_forecast,
    check_same_after_loading,
    fitted,
)


def error(model, panel, cutoff) -> float:
    """Mean absolute error of the horizon after a cutoff."""
    cut = panel.at(cutoff)
    model.fit(cut, None)
    known = cut.n_periods
    actual = panel.y[:, known : known + panel.horizon]
    return float(np.nanmean(np.abs(model.predict(cut).mean - actual)))


@pytest.mark.parametrize(
    ("signed", "season_length", "link"),
    [(False, 7, "log"), (False, 1, "identity"), (True, 7, "auto"), (True, 1, "identity")],
)
def test_forecast_and_same_after_loading(signed, season_length, link, tmp_path):
    panel = make_panel(signed=signed, season_length=season_length)
    model, forecast = fitted(Linear(LinearSettings(link=link)), panel)
    check_forecast(forecast, panel, len(model.run.quantiles))
    check_same_after_loading(model, panel, forecast, tmp_path)


@pytest.mark.parametrize(("frequency", "season_length"), [("week", 52), ("month", 12)])
def test_weeks_and_months(frequency, season_length):
    panel = dataclasses.replace(
        make_panel(n_periods=120, season_length=season_length), frequency=frequency
    )
    model, forecast = fitted(Linear(), panel)
    check_forecast(forecast, panel, len(model.run.quantiles))


def test_an_epoch_is_a_strength_and_the_best_is_used_for_the_refit(panel):
    model, cut = Linear(), panel.at(panel.cutoff)
    fit = model.fit(cut, panel.ds[panel.n_periods - 1 - panel.horizon])
    losses = [r.metric_value for r in fit.history if r.split == "validation"]
    assert len(losses) == len(STRENGTHS)
    assert fit.validation is not None
    other = Linear()
    other.fit(cut, None)
    best = int(np.argmin(losses)) + 1
    expected = Linear()
    expected.encoding = cut.encoding
    expected.learn(cut, None, best, lambda _: None)
    np.testing.assert_array_equal(model.coefficients, expected.coefficients)
    weak, strong = Linear(), Linear()
    weak.learn(cut, None, 1, lambda _: None)
    strong.learn(cut, None, len(STRENGTHS), lambda _: None)
    assert np.abs(strong.coefficients[1:]).sum() < np.abs(weak.coefficients[1:]).sum()


def test_blind_to_future(panel):
    check_blind_to_future(Linear, panel, panel.ds[70])


def test_a_signed_panel_has_no_logarithm():
    panel = make_panel(signed=True)
    with pytest.raises(ForecastError, match="signed") as caught:
        Linear(LinearSettings(link="log")).fit(panel.at(panel.cutoff), None)
    assert "link=identity" in caught.value.remedy


@pytest.mark.parametrize("link", ["log", "identity"])
def test_coefficients_times_inputs_are_the_forecast(panel, link):
    model, cut = Linear(LinearSettings(link=link)), panel.at(panel.cutoff)
    model.fit(cut, None)
    plain = cut.without_derived()
    design = Design(Signals(model.settings, plain, model.group), model.is_log)
    assert design.names == model.names
    assert len(set(model.names)) == len(model.names)
    part = design.rows(np.array([3]), panel.n_periods)
    x = part.columns.matrix()
    assert x.shape == (panel.horizon, len(model.names))
    np.testing.assert_allclose(part.columns.times(model.coefficients), x @ model.coefficients, 1e-4)
    explained = part.offset + (x * model.coefficients).sum(axis=1)
    explained = np.exp(explained) if link == "log" else explained
    expected = explained * part.scale * model.total_factor
    np.testing.assert_allclose(model.predict(cut).mean[3], expected, rtol=1e-4)


def test_columns_are_what_their_names_say(panel):
    cut = panel.at(panel.cutoff)
    design = Design(Signals(LinearSettings(), cut, None), is_log=True)
    part = design.rows(np.array([3]), 60)
    column = dict(zip(design.names, part.columns.matrix().T, strict=True))
    np.testing.assert_array_equal(column["is_promoted"], panel.future_values[3, 60:67, 0])
    np.testing.assert_array_equal(column["at_origin_is_promoted"][0], panel.future_values[3, 59, 0])
    last_four = panel.y_train[3, 32:60].reshape(4, 7).mean(axis=0)
    np.testing.assert_allclose(column["season_mean_4"], np.log1p(last_four / part.scale), rtol=1e-5)
    np.testing.assert_allclose(
        column["mean_28"], np.log1p(panel.y_train[3, 32:60].mean() / part.scale), rtol=1e-5
    )
    assert set(column["category=tea"]) | set(column["category=jam"]) == {0.0, 1.0}
    np.testing.assert_array_equal(part.y, panel.y_train[3, 60:67])


def test_rows_held_at_once_do_not_grow_with_the_panel(monkeypatch):
    monkeypatch.setattr(design_module, "ROWS_AT_ONCE", 70)
    most = {}
    for n_series in (20, 160):
        panel, sizes = make_panel(n_series=n_series), []
        add = NormalEquations.add

        def counted(self, x, *others, add=add, sizes=sizes):
            sizes.append(len(x))
            add(self, x, *others)

        monkeypatch.setattr(NormalEquations, "add", counted)
        Linear().fit(panel.at(panel.cutoff), None)
        monkeypatch.setattr(NormalEquations, "add", add)
        most[n_series] = max(sizes)
        assert sum(sizes) > 2 * 8 * n_series * panel.horizon
    assert most[160] == most[20] == 70


def test_sums_of_chunks_solve_as_all_rows_at_once():
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(300), rng.normal(size=(300, 4)), np.zeros(300)])
    z, weight = x @ np.array([1, 2, 0, -1, 0.5, 7]) + rng.normal(size=300), rng.random(300)
    sums = NormalEquations(6, 3)
    for fold, rows in enumerate(np.split(np.arange(300), 3)):
        for part in np.split(rows, 4):
            sums.add(x[part], z[part], weight[part], fold)
    root = np.sqrt(weight)

    def direct(keep):
        a, b = x[keep] * root[keep, None], z[keep] * root[keep]
        return np.linalg.lstsq(a, b, rcond=None)[0]

    np.testing.assert_allclose(sums.solve(0.0), direct(np.arange(300)), atol=1e-6)
    np.testing.assert_allclose(sums.solve(0.0, without=1), direct(np.r_[:100, 200:300]), atol=1e-6)
    assert sums.solve(0.0)[5] == 0  # a column that does not vary
    assert sums.n_rows.sum() == 300
    # alone, a coefficient is divided by 1 + strength, whatever its unit
    for unit in (1.0, 1000.0):
        alone = NormalEquations(2)
        values = np.column_stack([np.ones(300), x[:, 1] * unit])
        alone.add(values, z, np.ones(300))
        np.testing.assert_allclose(alone.solve(1.0)[1] * 2, alone.solve(0.0)[1], rtol=1e-6)


def test_least_squares_without_negative_coefficients():
    a, b = np.array([[1.0, 0.9], [0.9, 1.0]]), np.array([1.0, 0.2])
    assert (np.linalg.solve(a, b) < 0).any()
    np.testing.assert_allclose(non_negative(a, b), [1.0, 0.0])
    np.testing.assert_allclose(non_negative(a, a @ [0.5, 0.25]), [0.5, 0.25])
    assert (non_negative(a, -b) == 0).all()


def test_quantiles_cover_what_they_say():
    """Of counts from origins that were not learned from, with jitter."""
    panel = make_panel(n_series=150, n_periods=210)
    cut, model = panel.at(panel.ds[202]), Linear()
    model.fit(cut, None)
    quantiles = model.forecast(cut).quantiles[2:-2]
    actual = panel.y[2:-2, 203:210] + np.random.default_rng(5).random((146, 7))
    below = (actual[..., None] < quantiles).mean((0, 1))
    np.testing.assert_allclose(below, model.levels, atol=0.05)


def test_totals_are_unbiased_and_better_than_a_seasonal_mean():
    panel = make_panel(n_series=100, n_periods=200)
    cutoff = panel.ds[panel.n_periods - 1 - panel.horizon]
    assert error(Linear(), panel, cutoff) < 0.9 * error(SeasonalMean(), panel, cutoff)
    model, cut = Linear(), panel.at(cutoff)
    model.fit(cut, None)
    forecast = model.predict(cut)
    actual = panel.y[:, cut.n_periods : cut.n_periods + panel.horizon]
    known = np.isfinite(actual)
    assert forecast.mean[known].sum() == pytest.approx(actual[known].sum(), rel=0.03)


def test_a_series_that_no_longer_sells_is_forecast_to_sell_nothing():
    panel = make_panel(n_periods=300)
    panel.y[2, 20:] = panel.y_train[2, 20:] = 0
    model, cut = Linear(), panel.at(panel.cutoff)
    model.fit(cut, None)
    assert (model.predict(cut).mean[2] == 0).all()


@pytest.mark.parametrize("n_periods", [1, 9])
@pytest.mark.parametrize("signed", [False, True])
def test_short_history(n_periods, signed):
    panel = make_panel(n_series=3, n_periods=n_periods, signed=signed)
    model, cut = Linear(), panel.at(panel.cutoff)
    model.fit(cut, None)
    check_forecast(model.predict(cut), panel, len(model.run.quantiles))


def test_of_few_rows_little_is_learned():
    rng = np.random.default_rng(0)
    found = {}
    for n in (20, 20_000):
        x = np.column_stack([np.ones(n), rng.normal(size=n)])
        sums = NormalEquations(2, prior_rows=1000.0)
        sums.add(x, x @ np.array([3.0, 2.0]), np.ones(n))
        found[n] = sums.solve(0.0)
    np.testing.assert_allclose(found[20_000], [3, 2 / 1.05], rtol=0.02)
    assert abs(found[20][1]) < 0.1  # 2 / 51, and the level stays free
    assert found[20][0] == pytest.approx(3, abs=0.6)
