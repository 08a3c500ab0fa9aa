from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster.forked import coarsest_group
from forecaster.models.lstm import LSTM, LSTMSettings
from forecaster.signals import Signals
from tests.conftest import make_panel
from tests.models.model_checks import (
    check_blind_to_future,
    check_forecast,
    check_same_after_loading,
)

SMALL = LSTMSettings(
    units=6, decoder_units=6, epochs=2, steps_per_epoch=2, batch_series=8, calibration_origins=2
)


def small_lstm() -> LSTM:
    return LSTM(SMALL)


def test_long_epochs_count_as_several_and_take_fewer_origins():
    model = LSTM()
    few, many = model._schedule(2000), model._schedule(30_490)
    assert (few.steps, few.origins, few.patience) == (24, 8, 3)
    assert (many.steps, many.origins, many.patience) == (60, 4, 1)
    assert (few.least_gain, many.least_gain) == (0.002, 0.005)  # an epoch of 2.5 times as many


def test_epochs_are_watched_and_a_loaded_model_forecasts_the_same(panel, tmp_path):
    model, cut = small_lstm(), panel.at(panel.cutoff)
    fit = model.fit(cut, panel.ds[panel.n_periods - 1 - panel.horizon])
    assert [(r.epoch, r.split) for r in fit.history] == [
        (1, "train"),
        (1, "validation"),
        (2, "train"),
        (2, "validation"),
    ]
    assert all(np.isfinite(r.metric_value) and r.seconds > 0 for r in fit.history)
    assert fit.validation is not None
    check_forecast(fit.validation, panel, 9)
    forecast = model.predict(cut)
    check_forecast(forecast, panel, 9)
    check_same_after_loading(model, panel, forecast, tmp_path)


@pytest.mark.parametrize(("signed", "season_length"), [(False, 1), (True, 1), (True, 7)])
def test_signed_and_without_a_season(signed, season_length, tmp_path):
    panel = make_panel(season_length=season_length, signed=signed)
    model, cut = small_lstm(), panel.at(panel.cutoff)
    model.fit(cut, None)
    forecast = model.predict(cut)
    check_forecast(forecast, panel, 9)
    check_same_after_loading(model, panel, forecast, tmp_path)


def test_learns_anew_each_time(panel):
    """A network that has learned before is set back: nothing of what it saw remains."""
    used, fresh, cut = small_lstm(), small_lstm(), panel.at(panel.cutoff)
    used.fit(panel.at(panel.ds[60]), None)
    trained = used.trainer
    used.fit(cut, None)
    fresh.fit(cut, None)
    assert used.trainer is trained
    found, expected = used.predict(cut), fresh.predict(cut)
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.quantiles, expected.quantiles)


def test_same_seed_and_blind_to_future(panel):
    """Two fits, of data that differ only after the cutoff, forecast the same."""
    check_blind_to_future(small_lstm, panel, panel.ds[70])


def test_signals_at_an_origin_ignore_what_follows():
    panel = make_panel()
    cut = panel.at(panel.cutoff)
    before = Signals(SMALL, cut, None)
    rows, origins = np.arange(panel.n_series), np.array([40, 50])
    expected = [*before.sequences(rows, 10, 50), *before.horizons(rows, origins)]
    cut.y_train[:, 50:] += 100
    cut.past_values[:, 50:] += 100
    cut.future_values[:, 50 + panel.horizon :] += 100
    after = Signals(SMALL, cut, None)
    found = [*after.sequences(rows, 10, 50), *after.horizons(rows, origins)]
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_learns_a_promotion():
    """Demand doubles on promoted days; the forecast of such a day is clearly above the others'."""
    panel = make_panel(n_series=64, n_periods=140)
    model, cut = LSTM(LSTMSettings(units=16, epochs=10, learning_rate=0.01)), panel.at(panel.cutoff)
    model.fit(cut, None)
    forecast = model.predict(cut)
    promoted = panel.future_values[:, -panel.horizon :, 0] > 0
    relative = forecast.mean / np.maximum(forecast.mean.mean(axis=1, keepdims=True), 1e-6)
    known = np.nanmean(panel.y_train, axis=1) > 1
    assert relative[known][promoted[known]].mean() > 1.3 * relative[known][~promoted[known]].mean()


def test_group_needs_enough_series():
    small, large = make_panel(), make_panel(n_series=80)
    assert coarsest_group(small.at(small.cutoff)) is None
    assert coarsest_group(large.at(large.cutoff)) == "category"


@pytest.mark.parametrize("n_periods", [1, 9])
def test_short_history(n_periods):
    panel = make_panel(n_series=3, n_periods=n_periods)
    model = small_lstm()
    cut = panel.at(panel.cutoff)
    model.fit(cut, None)
    check_forecast(model.predict(cut), panel, 9)


def test_a_series_that_no_longer_sells_is_forecast_to_sell_nothing():
    """Without a sale in two long windows (2 × 16 seasons) no loss has looked at its mean."""
    panel = make_panel(n_periods=300)
    panel.y[2, 20:] = panel.y_train[2, 20:] = 0
    panel.y[3, 200:] = panel.y_train[3, 200:] = 0
    model, cut = small_lstm(), panel.at(panel.cutoff)
    model.fit(cut, None)
    mean = model.predict(cut).mean
    assert (mean[2] == 0).all()
    assert (mean[3] > 0).all()


def test_the_total_stays_at_the_recent_level_while_one_year_is_known():
    panel = make_panel(n_periods=140)
    model, cut = small_lstm(), panel.at(panel.cutoff)
    model.fit(cut, None)
    level = np.nanmean(panel.y_train[:, -56:], axis=1).sum()
    assert model.predict(cut).mean.sum() / panel.horizon == pytest.approx(level, rel=1e-4)


def test_the_total_follows_what_the_year_before_did_after_this_day():
    """A year ago twice as much was sold from this day on: of the 28 days about the first day of the
    horizon then 15 were such, and one more about each day after it."""
    panel = make_panel(n_periods=364 + 70)
    y = panel.y.copy()
    y[:, 70:126] *= 2
    panel = dataclasses.replace(panel, y=y, y_train=y)
    model, cut = small_lstm(), panel.at(panel.cutoff)
    model.fit(cut, None)
    level = np.nanmean(y[:, -56:], axis=1).sum()
    course = (1 + (15 + np.arange(panel.horizon)) / 28) ** model.settings.year_power
    found = model.predict(cut).mean.sum() / panel.horizon
    assert found == pytest.approx(course.mean() * level, rel=0.05)
