"""Series × periods as arrays, cut at a cutoff without copying."""

from __future__ import annotations

import dataclasses
import math
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from forecaster.encoding import Covariates, Encoding, Scale, covariates
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.hierarchy import Level
from forecaster.holidays import Holidays
from forecaster.reconciliation import Membership

LARGE = 1 << 30  # bytes; an array above it is memory-mapped
ROWS_AT_ONCE = 2048


@dataclasses.dataclass(frozen=True)
class Nodes:
    """The panel of the nodes that a panel's series add up to, uncut, and which series those are.

    `places` has, by level, the row of each of its nodes in that panel, or −1; `fits` keeps what was
    fitted to them, for every model of the series that asks for the same.
    """

    panel: Panel
    membership: Membership
    places: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    fits: dict[Any, Any] = dataclasses.field(default_factory=dict, compare=False, repr=False)


@dataclasses.dataclass(frozen=True)
class Panel:
    """A panel up to its last known period, with `horizon` more of known-future covariates.

    Shapes: `unique_ids`, `start` (first period of a series) (series,); `y`, `y_train`,
    `stocked_out`, `weight` (series, periods); `past_values` (series, periods, p);
    `future_values` (series, periods + horizon, f); `ds` (periods + horizon,). Missing is NaN.
    `scaling` holds the scales of every cutoff by feature name; `derived` names the features that
    come from the target alone, `summaries` those that sum up the holidays. `levels` are those
    above the series.
    """

    name: str
    frequency: str
    horizon: int
    season_length: int
    is_signed: bool
    unique_ids: np.ndarray
    ds: np.ndarray
    start: np.ndarray
    y: np.ndarray
    y_train: np.ndarray
    stocked_out: np.ndarray
    weight: np.ndarray
    past_values: np.ndarray
    past_names: tuple[str, ...]
    future_values: np.ndarray
    future_names: tuple[str, ...]
    categories: dict[str, np.ndarray]
    numbers: dict[str, np.ndarray]
    texts: dict[str, np.ndarray]
    scaling: dict[np.datetime64, dict[str, Scale]]
    encoding: Encoding | None = None
    derived: frozenset[str] = frozenset()
    with_derived: bool = True
    summaries: frozenset[str] = frozenset()
    levels: tuple[Level, ...] = ()
    nodes: Nodes | None = None
    holidays: Holidays | None = None

    @property
    def n_series(self) -> int:
        return len(self.unique_ids)

    @property
    def n_periods(self) -> int:
        """Known periods."""
        return self.y.shape[1]

    @cached_property
    def is_count(self) -> bool:
        """Whether demand comes in whole numbers and is never negative, as far as it is known."""
        if self.is_signed:
            return False
        for part in np.array_split(self.y, max(self.n_series // ROWS_AT_ONCE, 1)):
            known = part[np.isfinite(part)]
            if not ((known >= 0) & (known == np.round(known))).all():
                return False
        return True

    @property
    def cutoff(self) -> np.datetime64:
        """The last known period's first day."""
        return self.ds[self.n_periods - 1]

    @property
    def horizon_ds(self) -> np.ndarray:
        """The periods to forecast."""
        return self.ds[self.n_periods : self.n_periods + self.horizon]

    @property
    def is_launched(self) -> np.ndarray:
        """Series that had begun by the cutoff."""
        return self.start < self.n_periods

    def index_of(self, ds: np.datetime64) -> int:
        """The position of a period among all periods."""
        found = np.flatnonzero(self.ds == ds)
        if not len(found):
            raise ForecastError(
                f"panel '{self.name}' has no period {ds}; it runs from {self.ds[0]} to "
                f"{self.cutoff}",
                "correct the cutoffs of this panel in the var `panels`, then run `forecast build`",
                BAD_INPUT,
            )
        return int(found[0])

    def validation_cutoff(self, cutoff: np.datetime64) -> np.datetime64 | None:
        """One horizon before a cutoff, if dbt fitted scales there: a shorter history has none."""
        place = self.index_of(cutoff) - self.horizon
        return self.ds[place] if place >= 0 and self.ds[place] in self.scaling else None

    def at(self, cutoff: np.datetime64, encoding: Encoding | None = None) -> Panel:
        """What was known at the close of `cutoff`: nothing later is in it but known-future
        covariates of the horizon. `encoding` is a trained model's; by default it is made of the
        cutoff's scaling.
        """
        known = self.index_of(cutoff) + 1
        if known > self.n_periods:
            raise ForecastError(
                f"panel '{self.name}' is known up to {self.cutoff}, not to {cutoff}", "", BAD_INPUT
            )
        last = known + self.horizon
        cut = dataclasses.replace(
            self,
            ds=self.ds[:last],
            start=np.minimum(self.start, known),
            y=self.y[:, :known],
            y_train=self.y_train[:, :known],
            stocked_out=self.stocked_out[:, :known],
            weight=self.weight[:, :known],
            past_values=self.past_values[:, :known],
            future_values=self.future_values[:, :last],
            holidays=self.holidays and self.holidays.before(last),
            encoding=None,
        )
        return dataclasses.replace(cut, encoding=encoding or cut._encode(cutoff))

    def _encode(self, cutoff: np.datetime64) -> Encoding:
        scales = self.scaling.get(cutoff, {})
        if not scales:
            raise ForecastError(
                f"table scaling has no row for panel '{self.name}' at cutoff {cutoff}",
                "run `forecast build`: dbt fits the scales of every cutoff",
                BAD_INPUT,
            )

        def pick(names: Sequence[str]) -> dict[str, Scale]:
            return {name: scales.get(name, Scale()) for name in names}

        launched = self.is_launched
        return Encoding(
            past=pick(self.past_names),
            future=pick(self.future_names),
            numeric=pick(tuple(self.numbers)),
            vocabularies={
                name: tuple(sorted({str(v) for v in values[launched] if v is not None}))
                for name, values in self.categories.items()
            },
            target=scales.get("y_train", scales.get("y", Scale())),
        )

    def without_derived(self) -> Panel:
        """The panel without the features that a model of its own signals computes itself."""
        encoding = self._own_encoding
        past = {name: scale for name, scale in encoding.past.items() if name not in self.derived}
        return dataclasses.replace(self, encoding=dataclasses.replace(encoding, past=past))

    def without_summaries(self) -> Panel:
        """The panel without the features that a model which reads the holidays has in full."""
        encoding = self._own_encoding
        future = {
            name: scale for name, scale in encoding.future.items() if name not in self.summaries
        }
        return dataclasses.replace(self, encoding=dataclasses.replace(encoding, future=future))

    @property
    def _own_encoding(self) -> Encoding:
        if self.encoding is None:
            raise ValueError("cut the panel with .at(cutoff) first: scales belong to a cutoff")
        return self.encoding

    @property
    def past(self) -> Covariates:
        """Past covariates (series, periods, p), scaled when indexed."""
        return covariates(self.past_values, self.past_names, self._own_encoding.past)

    @property
    def future(self) -> Covariates:
        """Known-future covariates (series, periods + horizon, f), scaled when indexed."""
        return covariates(self.future_values, self.future_names, self._own_encoding.future)

    @property
    def static_codes(self) -> np.ndarray:
        """(series, categorical features) int32; 0 is missing or not in the vocabulary."""
        columns = []
        for name, words in self._own_encoding.vocabularies.items():
            code = {word: i + 1 for i, word in enumerate(words)}
            values = self.categories.get(name, np.full(self.n_series, None, object))
            columns.append([code.get(str(v), 0) if v is not None else 0 for v in values])
        return np.array(columns, np.int32).reshape(len(columns), self.n_series).T

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of codes of each categorical feature, the missing one included."""
        return tuple(len(words) + 1 for words in self._own_encoding.vocabularies.values())

    @property
    def static_numbers(self) -> np.ndarray:
        """(series, numeric features) float32, scaled, 0 where missing."""
        empty = np.full(self.n_series, np.nan, np.float32)
        columns = [
            scale.apply(self.numbers.get(name, empty))
            for name, scale in self._own_encoding.numeric.items()
        ]
        return np.array(columns, np.float32).reshape(len(columns), self.n_series).T


def allocate(shape: tuple[int, ...], folder: Path | None = None, large: int = LARGE) -> np.ndarray:
    """A float32 array of NaN; above `large` bytes it lies in an unlinked file of `folder`."""
    size = math.prod(shape) * 4
    if size <= large:
        return np.full(shape, np.nan, np.float32)
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the mapping outlives this function
    array = np.memmap(file, np.float32, "w+", shape=shape)
    array[...] = np.nan
    return array
