"""The baseline to beat: the mean of the same place of the season in the last seasons known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from forecaster.config import Choice, ModelSettings, Range
from forecaster.models.base import Forecast, Learned, Model, Report, history_status
from forecaster.panel import Panel
from forecaster.seasonal import seasonal_forecast

SECONDS_A_SERIES = 1e-4  # of one core (x86-64, 2026), in a fit with its calibration


class SeasonalMeanSettings(ModelSettings):
    """`n_seasons`: how many seasons with data are averaged (8 is the other usual choice)."""

    search: ClassVar[Mapping[str, Range | Choice]] = {"n_seasons": Range(1, 16)}

    n_seasons: int = Field(default=4, ge=1)


class SeasonalMean(Model):
    """Nothing is learned ahead: mean and errors come from the history the forecast starts from.

    A series never seen gets the mean of its category's first periods. Quantiles are the mean plus
    the quantiles of the method's own errors at earlier origins.
    """

    Settings: ClassVar[type[ModelSettings]] = SeasonalMeanSettings
    reads_derived = False
    fits_beside = True
    is_reconciled = False

    @property
    def n_seasons(self) -> int:
        return self.settings.n_seasons

    def learn(
        self,
        panel: Panel,
        held_out: Panel | None,  # noqa: ARG002
        epochs: int | None,  # noqa: ARG002
        report: Report,  # noqa: ARG002
    ) -> Learned:
        """Only how features are encoded, for the category of a series never seen."""
        self.encoding = panel.encoding
        return Learned()

    def seconds(self, n_series: int, epochs: int | None = None) -> float | None:  # noqa: ARG002
        """See `Model`."""
        return n_series * SECONDS_A_SERIES

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff."""
        mean, quantiles = seasonal_forecast(panel, self.n_seasons, self.levels)
        status = history_status(panel, self.n_seasons * panel.season_length)
        return Forecast(mean, quantiles, status)

    def save_state(self, folder: Path) -> None:
        """Nothing beyond the settings."""

    def load_state(self, folder: Path) -> None:
        """Nothing beyond the settings."""
