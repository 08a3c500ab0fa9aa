"""The baseline to beat: the mean of the same place of the season in the last seasons known."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from forecaster.config import ModelSettings
from forecaster.models.base import Forecast, Learned, Model, Report, history_status
from forecaster.panel import Panel
from forecaster.seasonal import error_quantiles, launch_level, seasonal_means, step_classes


class SeasonalMeanSettings(ModelSettings):
    """`n_seasons`: how many seasons with data are averaged (8 is the other usual choice)."""

    n_seasons: int = Field(default=4, ge=1)


class SeasonalMean(Model):
    """Nothing is learned ahead: mean and errors come from the history the forecast starts from.

    A series never seen gets the mean of its category's first periods. Quantiles are the mean plus
    the quantiles of the method's own errors at earlier origins.
    """

    Settings: ClassVar[type[ModelSettings]] = SeasonalMeanSettings

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

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff."""
        season, horizon = panel.season_length, panel.horizon
        mean = seasonal_means(panel.y_train, season, self.n_seasons, horizon)
        codes = panel.static_codes
        groups = codes[:, 0] if codes.shape[1] else np.zeros(panel.n_series, np.int32)
        never = ~np.isfinite(mean).any(1)
        mean[never] = launch_level(panel.y_train, groups)[never, None]
        spread, scale = error_quantiles(panel.y_train, season, self.n_seasons, horizon, self.levels)
        typical = (
            scale[~never].sum() / max(np.abs(mean[~never, 0]).sum(), 1e-9) if (~never).any() else 0
        )
        scale = np.where(never, typical * np.abs(mean[:, 0]), scale)
        quantiles = mean[..., None] + spread[:, step_classes(horizon)] * scale[:, None, None]
        return Forecast(mean, quantiles, history_status(panel, self.n_seasons * season))

    def save_state(self, folder: Path) -> None:
        """Nothing beyond the settings."""

    def load_state(self, folder: Path) -> None:
        """Nothing beyond the settings."""
