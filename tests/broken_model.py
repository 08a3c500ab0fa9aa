"""A model of another package that fails while it learns."""

from __future__ import annotations

from forecaster.models.seasonal_mean import SeasonalMean


class BrokenModel(SeasonalMean):
    def learn(self, panel, held_out, epochs, report):
        raise RuntimeError("no luck today")
