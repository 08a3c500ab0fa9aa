from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.config import RunSettings
from forecaster.models.seasonal_mean import SeasonalMean, SeasonalMeanSettings
from forecaster.models.seasonal_naive import SeasonalNaive
from tests.conftest import make_panel
from tests.models.model_checks import (
    check_blind_to_future,
    check_forecast,
    check_same_after_loading,
    fitted,
)


def test_mean_of_same_weekday(panel):
    _, forecast = fitted(SeasonalMean(), panel)
    y = panel.y_train[3]
    expected = [np.mean([y[-7 * k + step] for k in range(1, 5)]) for step in range(7)]
    np.testing.assert_allclose(forecast.mean[3], expected, rtol=1e-5)


def test_naive_repeats_the_last_season(panel):
    _, forecast = fitted(SeasonalNaive(), panel)
    np.testing.assert_allclose(forecast.mean[3], panel.y_train[3, -7:])


def test_season_of_one_is_the_mean_of_the_last_periods():
    panel = make_panel(season_length=1)
    _, forecast = fitted(SeasonalMean(), panel)
    np.testing.assert_allclose(forecast.mean[4], panel.y[4, -4:].mean(), rtol=1e-5)


def test_unknown_demand_is_skipped():
    panel = make_panel()
    y_train = panel.y_train.copy()
    y_train[3, -7:] = np.nan
    _, forecast = fitted(SeasonalMean(), dataclasses.replace(panel, y_train=y_train))
    expected = np.mean([panel.y[3, -7 * k] for k in range(2, 6)])
    np.testing.assert_allclose(forecast.mean[3, 0], expected, rtol=1e-5)


def test_series_never_seen_gets_its_categorys_launches():
    panel = make_panel()
    y_train = panel.y_train.copy()
    y_train[5] = np.nan
    _, forecast = fitted(SeasonalMean(), dataclasses.replace(panel, y_train=y_train))
    assert forecast.status[5] == "cold_start"
    assert forecast.mean[5].min() > 0


def test_status(panel):
    _, forecast = fitted(SeasonalMean(), panel)
    assert forecast.status[3] == "ok"
    assert forecast.status[-1] == "short_history"


def test_quantiles_cover_about_as_they_say():
    panel = make_panel(n_series=60, n_periods=210)
    cut = panel.at(panel.ds[196])
    model = SeasonalMean()
    model.fit(cut, None)
    forecast = model.predict(cut)
    actual = panel.y[2:-2, 197:204]
    inside = (actual >= forecast.quantiles[2:-2, :, 1]) & (actual <= forecast.quantiles[2:-2, :, 7])
    assert 0.7 < inside.mean() < 0.9


def test_same_after_loading(panel, tmp_path):
    model, forecast = fitted(SeasonalMean(SeasonalMeanSettings(n_seasons=8)), panel)
    check_same_after_loading(model, panel, forecast, tmp_path)


def test_blind_to_future(panel):
    check_blind_to_future(SeasonalMean, panel, panel.ds[60])


@settings(max_examples=40, deadline=None)
@given(
    n_series=st.integers(1, 6),
    n_periods=st.integers(4, 40),
    horizon=st.integers(1, 9),
    season_length=st.sampled_from([1, 2, 7, 12]),
    signed=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_always_a_forecast(n_series, n_periods, horizon, season_length, signed, seed):
    panel = make_panel(n_series, n_periods, horizon, season_length, signed, seed)
    cut = panel.at(panel.cutoff)
    for kind in (SeasonalMean, SeasonalNaive):
        model = kind(run=RunSettings(quantiles=(0.1, 0.5, 0.9)))
        model.fit(cut, None)
        check_forecast(model.predict(cut), panel, 3)
