"""How a model sees features: scaled, and categories as codes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forecaster.errors import BAD_INPUT, ForecastError


@dataclasses.dataclass(frozen=True)
class Scale:
    """One row of `scaling`: (x − centre) / scale, after log1p where the method says log."""

    method: str = "none"
    centre: float = 0.0
    scale: float = 1.0

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Natural units to scaled ones; not known becomes 0, the centre."""
        return np.nan_to_num(self.transform(values), nan=0.0, posinf=0.0, neginf=0.0)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Natural units to scaled ones; not known stays NaN."""
        if self.is_log:
            values = np.sign(values) * np.log1p(np.abs(values))
        return (values - self.centre) / self.divisor

    def invert(self, values: np.ndarray) -> np.ndarray:
        """Scaled units back to natural ones."""
        values = values * self.divisor + self.centre
        return np.sign(values) * np.expm1(np.abs(values)) if self.is_log else values

    @property
    def is_log(self) -> bool:
        return self.method.startswith("log")

    @property
    def divisor(self) -> float:
        return self.scale if math.isfinite(self.scale) and self.scale > 0 else 1.0


class Covariates:
    """(series, periods, features) in natural units, scaled when indexed; NaN becomes 0.

    `columns` says which features of `values` these are, by default all. They are picked from
    what is indexed: picked at once they would be a copy of all rows, and those may not fit.
    """

    def __init__(
        self,
        values: np.ndarray,
        names: Sequence[str],
        scales: Sequence[Scale],
        columns: Sequence[int] | None = None,
    ) -> None:
        self.values, self.names, self.scales = values, tuple(names), tuple(scales)
        self.columns = None if columns is None else list(columns)
        self._centre = np.array([s.centre for s in scales], np.float32)
        self._divisor = np.array([s.divisor for s in scales], np.float32)
        self._log = np.array([s.is_log for s in scales], bool)

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.values.shape[:-1], len(self.names))

    def __getitem__(self, key: Any) -> np.ndarray:
        """Index series and periods; all features come back, scaled, as float32."""
        values = self.values[key]
        if self.columns is not None:
            values = values[..., self.columns]
        values = np.array(values, np.float32)
        if self._log.any():
            part = values[..., self._log]
            values[..., self._log] = np.sign(part) * np.log1p(np.abs(part))
        values -= self._centre
        values /= self._divisor
        values[~np.isfinite(values)] = 0.0
        return values


@dataclasses.dataclass(frozen=True)
class Encoding:
    """How a model sees features: their names, scales and categories. Kept in its artifact."""

    past: dict[str, Scale]
    future: dict[str, Scale]
    numeric: dict[str, Scale]
    vocabularies: dict[str, tuple[str, ...]]
    target: Scale

    def to_json(self) -> dict[str, Any]:
        """Plain lists and dicts."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Encoding:
        """The reverse of `to_json`."""

        def scales(part: Mapping[str, Any]) -> dict[str, Scale]:
            return {name: Scale(**scale) for name, scale in part.items()}

        return cls(
            past=scales(value["past"]),
            future=scales(value["future"]),
            numeric=scales(value["numeric"]),
            vocabularies={name: tuple(words) for name, words in value["vocabularies"].items()},
            target=Scale(**value["target"]),
        )


def covariates(values: np.ndarray, names: Sequence[str], wanted: Mapping[str, Scale]) -> Covariates:
    """The wanted features of `values`, none of them copied."""
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ForecastError(
            f"the model learned from the feature '{missing[0]}', which panel_extended no "
            "longer has",
            "restore the feature, or run `forecast train` to learn without it",
            BAD_INPUT,
        )
    is_all = tuple(names) == tuple(wanted)
    columns = None if is_all else [list(names).index(name) for name in wanted]
    return Covariates(values, tuple(wanted), tuple(wanted.values()), columns)
