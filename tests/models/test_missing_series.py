"""What every model does with a series of which nothing may be learned: stock was out throughout."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.models import model_names
from forecaster.run import make_model
from tests.conftest import make_panel
from tests.models.model_checks import check_forecast

SMALL = {
    "cnn": {"units": 4, "epochs": 1, "steps_per_epoch": 2, "calibration_origins": 2},
    "lstm": {"units": 4, "epochs": 1, "steps_per_epoch": 2, "calibration_origins": 2},
    "lstm_stacked": {"units": 4, "epochs": 1, "steps_per_epoch": 2},
}


@pytest.mark.parametrize("name", model_names())
def test_a_series_that_was_always_out_of_stock(name):
    panel = make_panel()
    panel.y_train[5] = np.nan
    panel.stocked_out[5] = 1
    model, cut = make_model(name, SMALL.get(name, {})), panel.at(panel.cutoff)
    model.fit(cut, panel.ds[panel.n_periods - 1 - panel.horizon])
    check_forecast(model.predict(cut), panel, 9)
