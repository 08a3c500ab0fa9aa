"""What every model does with series and panels at the edge of what can be learned from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster.models import model_names
from forecaster.panel import Panel
from forecaster.work import make_model
from tests.conftest import make_panel
from tests.models.model_checks import check_forecast

FORKED = {
    "units": 4,
    "decoder_units": 4,
    "epochs": 1,
    "steps_per_epoch": 2,
    "calibration_origins": 1,
}
SMALL = {
    "cnn": FORKED,
    "ensemble": {"members": ["linear", "seasonal_mean"]},
    "lstm": FORKED,
    "lstm_stacked": {"units": 4, "epochs": 1, "steps_per_epoch": 2},
    "vae": FORKED,
}
# rows of `odd_panel`
OUT_OF_STOCK, CONSTANT, ONE_PERIOD, SHORTER_THAN_A_SEASON = 5, 6, 7, 8
LOUD = ("lstm_stacked",)  # after an epoch it knows no series from another


def odd_panel(frequency: str, season: int) -> Panel:
    """Twelve ordinary series, four of them made odd, and as many that never sold."""
    panel = make_panel(n_series=24, n_periods=63, horizon=4, season_length=season)
    y, known = panel.y, panel.n_periods
    y[CONSTANT], y[12:] = 5, 0
    panel.start[12:] = 0
    for row, length in {ONE_PERIOD: 1, SHORTER_THAN_A_SEASON: 3}.items():
        panel.start[row] = known - length
        y[row, : known - length] = np.nan
    panel.y_train[:] = y
    panel.y_train[OUT_OF_STOCK] = np.nan
    panel.stocked_out[OUT_OF_STOCK] = 1
    return dataclasses.replace(panel, frequency=frequency)


def only(panel: Panel, row: int, frequency: str) -> Panel:
    """The panel of one of its series."""
    rows = slice(row, row + 1)
    arrays = {
        name: getattr(panel, name)[rows]
        for name in ("unique_ids", "start", "y", "y_train", "stocked_out", "weight", "past_values")
    }
    return dataclasses.replace(
        panel,
        **arrays,
        frequency=frequency,
        future_values=panel.future_values[rows],
        categories={name: values[rows] for name, values in panel.categories.items()},
        numbers={name: values[rows] for name, values in panel.numbers.items()},
    )


@pytest.mark.parametrize(("frequency", "season"), [("day", 7), ("week", 52)])
@pytest.mark.parametrize("name", model_names())
def test_odd_series_are_forecast_and_what_is_missing_later_too(name, frequency, season):
    """Half of the series never sold. After the fit a category turns up that nobody has seen, and
    covariates of the horizon are missing."""
    panel = odd_panel(frequency, season)
    model, cut = make_model(name, SMALL.get(name, {})), panel.at(panel.cutoff)
    model.fit(cut, panel.ds[panel.n_periods - 1 - panel.horizon])
    forecast = model.predict(cut)
    check_forecast(forecast, panel, 9)
    assert set(forecast.status[[OUT_OF_STOCK]]) <= {"cold_start", "short_history"}
    assert forecast.status[ONE_PERIOD] == "short_history"
    assert forecast.status[CONSTANT] == forecast.status[2]
    if name not in LOUD:
        # of one year, the season is mostly that of the other series
        np.testing.assert_allclose(forecast.mean[CONSTANT], 5, atol=2 if season == 7 else 2.5)
        assert forecast.mean[12:].max() < 0.05

    panel.categories["category"][:3] = "never seen"
    panel.future_values[3:, panel.n_periods :] = np.nan
    later = panel.at(panel.cutoff, model.encoding)
    again = model.predict(later)
    check_forecast(again, panel, 9)
    np.testing.assert_array_equal(again.status, forecast.status)


@pytest.mark.parametrize("name", model_names())
def test_one_series_by_month(name):
    panel = only(make_panel(n_series=3, n_periods=40, horizon=3, season_length=12), 0, "month")
    model, cut = make_model(name, SMALL.get(name, {})), panel.at(panel.cutoff)
    model.fit(cut, panel.ds[panel.n_periods - 1 - panel.horizon])
    check_forecast(model.predict(cut), panel, 9)
