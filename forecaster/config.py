"""Validated settings of a run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from forecaster.errors import BAD_INPUT, ForecastError

DEFAULT_MODEL = "lstm"


@dataclasses.dataclass(frozen=True)
class Range:
    """Values that a search may take: whole numbers where both ends are; `log` by ratios."""

    low: float
    high: float
    log: bool = False


@dataclasses.dataclass(frozen=True)
class Choice:
    """Values that a search may take, one of these."""

    values: tuple[Any, ...]


class ModelSettings(BaseModel):
    """Settings of a model; every model module has a subclass of its own.

    `search` says what `forecast tune` may try of them. A setting that changes what the loss
    measures is none of these: trials are compared by their losses.
    """

    search: ClassVar[Mapping[str, Range | Choice]] = {}

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class RunSettings(BaseModel):
    """Settings that every model has.

    `confidence_level` is that of yhat_lower to yhat_upper. `nodes_model` forecasts the nodes that a
    panel's series add up to, where a panel of nodes is declared; `none` leaves the series alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(default=1, ge=0, lt=2**32)
    nodes_model: str = "linear_local"
    quantiles: tuple[float, ...] = (0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95)
    confidence_level: float = Field(default=0.8, gt=0, lt=1)

    @field_validator("quantiles")
    @classmethod
    def _between_0_and_1(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if not values or not all(0 < value < 1 for value in values):
            raise ValueError("quantiles lie between 0 and 1")
        if len(set(values)) < len(values):
            raise ValueError("a quantile stands twice")
        return tuple(sorted(values))

    @model_validator(mode="after")
    def _interval_within_quantiles(self) -> RunSettings:
        lower, upper = self.interval
        if lower < self.quantiles[0] - 1e-9 or upper > self.quantiles[-1] + 1e-9:
            raise ValueError(
                f"confidence_level {self.confidence_level} needs the quantiles "
                f"{lower:g} and {upper:g} within the grid {list(self.quantiles)}"
            )
        return self

    @property
    def interval(self) -> tuple[float, float]:
        """The levels of yhat_lower and yhat_upper."""
        tail = (1 - self.confidence_level) / 2
        return tail, 1 - tail


def parse_assignments(pairs: Sequence[str]) -> dict[str, Any]:
    """`["epochs=5", "standardise=series"]` as a dict; values are JSON if they can be, else text."""
    result: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise ForecastError(
                f"--set {pair}: not of the form key=value", "for example --set epochs=20", BAD_INPUT
            )
        try:
            result[key.strip()] = json.loads(text)
        except json.JSONDecodeError:
            result[key.strip()] = text
    return result


def run_settings(values: Mapping[str, Any]) -> RunSettings:
    """The settings every model has, checked."""
    return _validated(RunSettings, values, "a run")


def model_settings(kind: type[ModelSettings], values: Mapping[str, Any], model: str) -> Any:
    """A model's own settings, checked."""
    return _validated(kind, values, model)


def split_settings(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(those of every run, those of the model)."""
    own = {key: value for key, value in values.items() if key not in RunSettings.model_fields}
    return {key: value for key, value in values.items() if key not in own}, own


def _validated(kind: type[BaseModel], values: Mapping[str, Any], owner: str) -> Any:
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        known = ", ".join(
            f"{key} (default {field.default})"
            for key, field in {**kind.model_fields, **RunSettings.model_fields}.items()
        )
        if first["type"] == "extra_forbidden":
            message = f"{owner} has no setting '{name}'"
        else:
            message = f"setting '{name}' of {owner}: {first['msg']}" if name else first["msg"]
        raise ForecastError(message, f"{owner} has: {known}", BAD_INPUT) from None
