"""A model of another package that tells where it is and then takes very long."""

from __future__ import annotations

import time
from pathlib import Path

from forecaster.models.seasonal_mean import SeasonalMean


class SlowModel(SeasonalMean):
    def learn(self, panel, held_out, epochs, report):
        Path("learning").touch()
        time.sleep(120)
