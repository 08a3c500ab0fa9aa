"""A model of another package that tells where it is and then takes very long.

The environment variable SLOW says at which step: learn or forecast.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from forecaster.models.seasonal_mean import SeasonalMean


class SlowModel(SeasonalMean):
    def learn(self, panel, held_out, epochs, report):
        take_long("learn")
        return super().learn(panel, held_out, epochs, report)

    def forecast(self, panel):
        take_long("forecast")
        return super().forecast(panel)


def take_long(step):
    if os.environ.get("SLOW") == step:
        Path("begun").touch()
        time.sleep(120)
