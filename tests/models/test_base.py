"""What `Model` itself does with what a model forecasts."""

from __future__ import annotations

import numpy as np

from forecaster.models.base import Forecast
from forecaster.models.seasonal_mean import SeasonalMean
from tests.conftest import make_panel


class Faulty(SeasonalMean):
    """No number for series 2, crossing quantiles for series 3, and less than nothing for series
    4."""

    def forecast(self, panel):
        raw = super().forecast(panel)
        raw.mean[2, 3] = np.nan
        raw.quantiles[3] = raw.quantiles[3, :, ::-1].copy()
        raw.mean[4] = raw.quantiles[4] = -1
        return Forecast(raw.mean, raw.quantiles, raw.status)


def test_what_is_no_forecast_is_mended_and_said():
    panel = make_panel()
    faulty, sound, cut = Faulty(), SeasonalMean(), panel.at(panel.cutoff)
    faulty.fit(cut, None)
    sound.fit(cut, None)
    found, expected = faulty.predict(cut), sound.predict(cut)
    assert list(np.flatnonzero(found.status == "fallback")) == [2]
    np.testing.assert_array_equal(found.mean[:4], expected.mean[:4])
    np.testing.assert_array_equal(found.quantiles[:4], expected.quantiles[:4])
    assert (found.mean[4] == 0).all()
    assert (found.quantiles[4] == 0).all()
