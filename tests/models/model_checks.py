"""What holds for every model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from forecaster.models.base import Forecast, Model, load_model
from forecaster.panel import Panel


def fitted(model: Model, panel: Panel) -> tuple[Model, Forecast]:
    """The model fitted with a validation of one horizon, and its forecast."""
    cut = panel.at(panel.cutoff)
    model.fit(cut, panel.ds[panel.n_periods - 1 - panel.horizon])
    return model, model.predict(cut)


def check_forecast(forecast: Forecast, panel: Panel, levels: int) -> None:
    """Shapes, finite, ordered, not negative unless signed."""
    assert forecast.mean.shape == (panel.n_series, panel.horizon)
    assert forecast.quantiles.shape == (panel.n_series, panel.horizon, levels)
    assert np.isfinite(forecast.mean).all()
    assert np.isfinite(forecast.quantiles).all()
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()
    if not panel.is_signed:
        assert (forecast.mean >= 0).all()
        assert (forecast.quantiles >= 0).all()
    assert set(forecast.status) <= {"ok", "short_history", "cold_start", "fallback"}


def check_same_after_loading(model: Model, panel: Panel, forecast: Forecast, folder: Path) -> None:
    """A saved model forecasts the same, and no file of it is a pickle."""
    model.save(folder)
    again = load_model(folder).predict(panel.at(panel.cutoff, model.encoding))
    np.testing.assert_array_equal(again.mean, forecast.mean)
    np.testing.assert_array_equal(again.quantiles, forecast.quantiles)
    for file in folder.rglob("*.*"):
        assert not file.read_bytes().startswith(b"\x80")


def check_blind_to_future(make_model, panel: Panel, cutoff: np.datetime64) -> None:
    """Changing everything that is known only after the cutoff changes no forecast."""
    known = panel.index_of(cutoff) + 1
    changed = {}
    for name in ("y", "y_train", "stocked_out", "weight", "past_values"):
        values = getattr(panel, name).copy()
        values[:, known:] = 777.0
        changed[name] = values
    future = panel.future_values.copy()
    future[:, known + panel.horizon :] = 777.0
    other = dataclasses.replace(panel, **changed, future_values=future)
    validation = panel.ds[known - 1 - panel.horizon]
    forecasts = []
    for source in (panel, other):
        cut = source.at(cutoff)
        model = make_model()
        model.fit(cut, validation)
        forecasts.append(model.predict(cut))
    np.testing.assert_array_equal(forecasts[0].mean, forecasts[1].mean)
    np.testing.assert_array_equal(forecasts[0].quantiles, forecasts[1].quantiles)
