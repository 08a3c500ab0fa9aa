"""Models of another package whose settings can be searched.

`SearchedModel` stops for long in its third trial where the environment variable SLOW is set, and
reports an epoch whose loss is its setting.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from forecaster.config import Choice, Range
from forecaster.models.base import EpochRecord
from forecaster.models.seasonal_mean import SeasonalMean, SeasonalMeanSettings


class SearchedSettings(SeasonalMeanSettings):
    search: ClassVar[Mapping[str, Range | Choice]] = {
        "n_seasons": Range(1, 6),
        "loss": Choice((1.0, 2.0, 9.0)),
    }

    loss: float = 2.0


class SearchedModel(SeasonalMean):
    Settings = SearchedSettings

    def learn(self, panel, held_out, epochs, report):
        with Path("trials").open("a") as file:
            file.write("x")
        if os.environ.get("SLOW") and len(Path("trials").read_text()) == 3:
            Path("begun").touch()
            time.sleep(120)
        for epoch in range(1, 4):
            report(EpochRecord(epoch, "validation", "loss", self.settings.loss, 0.0))
        return super().learn(panel, held_out, epochs, report)
