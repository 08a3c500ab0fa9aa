"""The last known value at the same place of the season, again."""

from __future__ import annotations

from forecaster.config import ModelSettings
from forecaster.models.seasonal_mean import SeasonalMean


class SeasonalNaive(SeasonalMean):
    """A seasonal mean over one season."""

    Settings = ModelSettings

    @property
    def n_seasons(self) -> int:
        return 1
