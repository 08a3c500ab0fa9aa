"""What shapes and trains the networks over signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from forecaster.config import Choice, Range
from forecaster.signals import SignalSettings


class NetworkSettings(SignalSettings):
    """What shapes and trains a network, whatever its encoder and its loss.

    An epoch is one pass over all series, each with `origins` random origins in one random window,
    but at least `steps_per_epoch` batches and at most `most_steps`. Where that is not enough for
    all series, each has half as many origins: those of another series teach more. A batch holds at
    most half of the series. Training stops after `patience` epochs that better the loss by less
    than 0.2 %; an epoch of more than `steps_per_epoch` batches counts as several, and must bring as
    much more. `group` names the static feature whose series share a profile and a trend; by default
    the coarsest with enough
    series in each group, or all series are one. The encoder reads `patch` periods as one, by
    default a season of up to 7. `mixed_precision` is for a GPU and does nothing elsewhere.
    """

    search: ClassVar[Mapping[str, Range | Choice]] = {
        "units": Choice((32, 64, 128)),
        "dropout": Range(0.0, 0.3),
        "batch_series": Choice((64, 128, 256)),
        "learning_rate": Range(5e-4, 8e-3, log=True),
        "weight_decay": Range(1e-6, 1e-2, log=True),
    }

    units: int = Field(default=64, ge=1)
    decoder_units: int = Field(default=32, ge=1)
    embedding_units: int = Field(default=8, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    batch_series: int = Field(default=256, ge=1)
    origins: int = Field(default=8, ge=1)
    steps_per_epoch: int = Field(default=24, ge=1)
    most_steps: int = Field(default=60, ge=1)
    epochs: int = Field(default=12, ge=1)
    patience: int = Field(default=3, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    averaging: float = Field(default=0.95, ge=0, lt=1)
    calibration_origins: int = Field(default=8, ge=1)
    calibration_limit: float = Field(default=1.25, ge=1)
    group: str | None = None
    patch: int | None = Field(default=None, ge=1)
    mixed_precision: bool = False


class ForkedSettings(NetworkSettings):
    """`loss` is that of the mean; `rmsse` is what the metric asks for, per series and of totals;
    a likelihood is better where sums of the series decide, so where the panel has nodes `auto`
    takes `negative_binomial` for counts and `tweedie` for amounts. Beside it the quantiles have
    `quantile_weight`. With `quantile` they alone are, and the mean is theirs.
    """

    loss: Literal["auto", "rmsse", "mse", "tweedie", "negative_binomial", "quantile"] = "auto"
    tweedie_power: float = Field(default=1.3, gt=1, lt=2)
    total_weight: float = Field(default=1.0, ge=0)
    bias_weight: float = Field(default=1.0, ge=0)
    quantile_weight: float = Field(default=0.3, gt=0)
