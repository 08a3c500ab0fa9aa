from __future__ import annotations

import numpy as np
import pytest

from forecaster.models.lstm_stacked import LSTMStacked, LSTMStackedSettings, Windows
from tests.conftest import make_panel
from tests.models.model_checks import (
    check_blind_to_future,
    check_forecast,
    check_same_after_loading,
    fitted,
)

SMALL = LSTMStackedSettings(units=6, epochs=2, steps_per_epoch=4, window=5)


def small() -> LSTMStacked:
    return LSTMStacked(SMALL)


def test_defaults_are_the_textbooks():
    settings = LSTMStackedSettings()
    assert (settings.units, settings.epochs, settings.batch_size) == (50, 100, 32)
    model, panel = LSTMStacked(settings.model_copy(update={"epochs": 1})), make_panel()
    model.fit(panel.at(panel.cutoff), None)
    assert [type(layer).__name__ for layer in model.network.layers] == ["LSTM", "LSTM", "Dense"]
    assert type(model.network.optimizer).__name__ == "Adam"
    assert model.network.loss == "mse"


@pytest.mark.parametrize("standardise", ["panel", "series"])
def test_forecast_and_same_after_loading(standardise, tmp_path):
    panel = make_panel(signed=standardise == "series")
    model = LSTMStacked(SMALL.model_copy(update={"standardise": standardise}))
    model, forecast = fitted(model, panel)
    check_forecast(forecast, panel, 9)
    check_same_after_loading(model, panel, forecast, tmp_path)


def test_same_seed_and_blind_to_future(panel):
    check_blind_to_future(small, panel, panel.ds[70])


def test_a_window_holds_what_was_known_before_its_target(panel):
    cut = panel.at(panel.cutoff)
    windows = Windows(cut, 5, "panel")
    x, y = windows.batch(np.array([3]), np.array([30]))
    scale = cut.encoding.target
    np.testing.assert_allclose(x[0, :, 0], scale.transform(cut.y_train[3, 25:30]), rtol=1e-5)
    np.testing.assert_allclose(y[0, 0], scale.transform(cut.y_train[3, 30]), rtol=1e-5)
    np.testing.assert_allclose(x[0, :, 2:], cut.future[np.array([3]), 26:31][0], rtol=1e-5)


def test_short_history():
    panel = make_panel(n_series=3, n_periods=2)
    cut = panel.at(panel.cutoff)
    model = small()
    model.fit(cut, None)
    check_forecast(model.predict(cut), panel, 9)
