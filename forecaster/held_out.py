"""What a model said of a horizon that it had not learned from, and what came."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from forecaster.origins import actual_demand
from forecaster.panel import Panel
from forecaster.quantiles import Marginals
from forecaster.seasonal import step_classes

VOLUME_CLASSES = ("A", "B", "C")
VOLUME_SHARES = (0.8, 0.95)  # of revenue, cumulated from the largest: as in table `segments`
MOST_FORECASTS = 80_000  # of a horizon held out, from 4, 2 or 1 origins of every series
LONG_WINDOW = {"day": 91, "week": 26, "month": 12}

Distribution = Callable[[Panel], tuple[np.ndarray, Marginals]]


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """From one origin, the number of periods known there: `mean` (series, horizon) and `marginals`
    of what follows, and `actual` (series, horizon), NaN where demand is not known, stock had run
    out, or the series had not begun; `launched` and `classes`, those of volume, (series,).
    """

    origin: int
    mean: np.ndarray
    marginals: Marginals
    actual: np.ndarray
    launched: np.ndarray
    classes: np.ndarray

    @classmethod
    def of(cls, panel: Panel, cut: Panel, mean: np.ndarray, marginals: Marginals) -> Self:
        """A forecast made at the end of `cut`, beside what `panel` knows after it."""
        after = slice(cut.n_periods, cut.n_periods + cut.horizon)
        actual = np.full(mean.shape, np.nan, np.float32)
        found = actual_demand(panel, periods=after)
        actual[:, : found.shape[1]] = found
        actual[~cut.is_launched] = np.nan
        return cls(cut.n_periods, mean, marginals, actual, cut.is_launched, volume_classes(cut))

    @property
    def periods(self) -> np.ndarray:
        """(horizon,): which of the panel's periods they are."""
        return self.origin + np.arange(self.actual.shape[1])

    @property
    def steps(self) -> np.ndarray:
        """(horizon,): their classes."""
        return step_classes(self.actual.shape[1])

    def where(self, keep: np.ndarray) -> Self:
        """The same with demand known only where `keep`, which broadcasts to (series, horizon)."""
        return dataclasses.replace(self, actual=np.where(keep, self.actual, np.float32(np.nan)))

    def times(self, factor: float) -> Self:
        """The same as if the forecast had been so many times as large."""
        if factor == 1:
            return self
        mean = self.mean * np.float32(factor)
        return dataclasses.replace(self, mean=mean, marginals=self.marginals.scaled(factor))

    def of_series(self, rows: np.ndarray) -> Self:
        """The same of some series."""
        return dataclasses.replace(
            self,
            mean=self.mean[rows],
            marginals=dataclasses.replace(self.marginals, values=self.marginals.values[rows]),
            actual=self.actual[rows],
            launched=self.launched[rows],
            classes=self.classes[rows],
        )


def held_out_forecasts(panel: Panel, early: Panel, distribution: Distribution) -> list[HeldOut]:
    """Forecasts from origins of `panel` at or after the end of `early`, up to which the model
    behind `distribution` has learned. Many series say as much from fewer origins, which are among
    those of fewer series: nodes are held out beside their series."""
    n_series = max(int(early.is_launched.sum()), 1)
    n_origins = next(n for n in (4, 2, 1) if n == 1 or n * n_series <= MOST_FORECASTS)
    result = []
    for step in sorted({panel.horizon * k // n_origins for k in range(n_origins)}):
        origin = early.n_periods + step
        if origin >= panel.n_periods:
            break
        cut = panel.at(panel.ds[origin - 1], early.encoding)
        result.append(HeldOut.of(panel, cut, *distribution(cut)))
    return result


def known(found: Sequence[HeldOut], values: Sequence[np.ndarray]) -> np.ndarray:
    """(n,): of each origin's values, which broadcast to (series, horizon), those whose demand is
    known, one origin after the other."""
    return np.concatenate(
        [
            np.broadcast_to(part, one.actual.shape)[np.isfinite(one.actual)]
            for one, part in zip(found, values, strict=True)
        ]
    )


def volume_classes(panel: Panel) -> np.ndarray:
    """(series,) 0, 1 or 2: classes A, B, C by revenue of the long window before the cutoff, units
    where there is none.

    As table `segments` has them; but that has the panel's cutoffs alone, and calibration asks at
    origins between them.
    """
    first = max(panel.n_periods - LONG_WINDOW[panel.frequency], 0)
    value = np.maximum(np.nansum(panel.weight[:, first:], axis=1, dtype=np.float64), 0)
    if not value.sum() > 0:
        value = np.abs(np.nan_to_num(panel.y[:, first:])).sum(axis=1, dtype=np.float64)
    order = np.argsort(-value, kind="stable")
    above = np.cumsum(value[order]) - value[order]
    classes = np.full(panel.n_series, 2)
    classes[order] = np.searchsorted(np.array(VOLUME_SHARES) * value.sum(), above, side="right")
    classes[value == 0] = 2
    return classes
