"""Distributional split conformal prediction: levels moved so that they hold on what was held out.

A model that was fitted up to the start of a held-out horizon forecasts from several origins inside
it. Where its distributions are right, the levels at which demand fell (its randomised PIT) are
uniform; where they are not, the quantile at level τ should have been the one at the level below
which a share τ of the PITs lies. That is the map from nominal to model levels learned here
(Chernozhukov, Wüthrich and Zhu, "Distributional conformal prediction", PNAS 2021), by class of the
horizon and of volume. A class of few effective observations leans on its volume class, that on all
classes, and all on the model as it is.

How wide the distributions should be can be told from one horizon held out, for it holds many series
and days. Where they should lie cannot: a month in which all sold more is one observation. So the
part of the map that moves mirrored levels alike counts as one observation a horizon.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from forecaster.origins import actual_demand
from forecaster.panel import Panel
from forecaster.quantiles import LEVELS, MOST_LEVEL, Marginals, interpolation
from forecaster.seasonal import STEP_CLASSES, step_classes

VOLUME_CLASSES = ("A", "B", "C")
VOLUME_SHARES = (0.8, 0.95)  # of revenue, cumulated from the largest: as in table `segments`
LONG_WINDOW = {"day": 91, "week": 26, "month": 12}
PRIOR_PITS = 100.0  # weight of the pooled map, in effective observations
PRIOR_HORIZONS = 0.2  # weight of no shift at all, in horizons held out
MOST_PITS = 200_000  # of one class that are looked at
UNIFORM = np.array(LEVELS)


@dataclasses.dataclass(frozen=True)
class Calibration:
    """`levels` (horizon classes, volume classes, grid): the model's level for each nominal one of
    the grid; `n_obs` (horizon classes, volume classes): demands it was learned from.
    """

    levels: np.ndarray
    n_obs: np.ndarray

    @classmethod
    def identity(cls) -> Self:
        """Leaves every level where it is."""
        shape = (STEP_CLASSES, len(VOLUME_CLASSES))
        return cls(np.broadcast_to(UNIFORM, (*shape, len(UNIFORM))).copy(), np.zeros(shape, int))

    @classmethod
    def learned(
        cls, panel: Panel, early: Panel, forecast: Callable[[Panel], Marginals], seed: int
    ) -> Self:
        """From origins of `panel` at or after the end of `early`, which the model behind `forecast`
        was fitted on.
        """
        rng = np.random.default_rng(seed)
        pits, steps, classes, days = [], [], [], []
        step = max(panel.horizon // STEP_CLASSES, 1)
        for origin in range(early.n_periods, panel.n_periods, step):
            cut = panel.at(panel.ds[origin - 1], early.encoding)
            found = held_out_pits(panel, forecast(cut), cut, rng)
            known = np.isfinite(found)
            rows, columns = np.nonzero(known)
            pits.append(found[known])
            steps.append(step_classes(panel.horizon)[columns])
            classes.append(volume_classes(cut)[rows])
            days.append(origin + columns)
        return cls.of_pits(
            np.concatenate(pits),
            np.concatenate(steps),
            np.concatenate(classes),
            np.concatenate(days),
            (panel.n_periods - early.n_periods) / panel.horizon,
        )

    @classmethod
    def of_pits(
        cls,
        pits: np.ndarray,
        steps: np.ndarray,
        classes: np.ndarray,
        days: np.ndarray,
        n_horizons: float,
    ) -> Self:
        """From PITs with their class of horizon, class of volume and period, each (n,), of so many
        horizons held out."""
        result = cls.identity()
        overall = _map(pits, days, UNIFORM)
        for v in range(len(VOLUME_CLASSES)):
            of_volume = classes == v
            pooled = _map(pits[of_volume], days[of_volume], overall)
            for h in range(STEP_CLASSES):
                part = of_volume & (steps == h)
                result.levels[h, v] = _map(pits[part], days[part], pooled)
                result.n_obs[h, v] = part.sum()
        return cls(_held_in_place(result.levels, n_horizons), result.n_obs)

    def applied(self, marginals: Marginals, classes: np.ndarray) -> Marginals:
        """The distributions, every level's quantile taken at the model's level for it; `classes`
        (series,) are those of volume.
        """
        values = np.empty_like(marginals.values)
        steps = step_classes(values.shape[1])
        for v in np.unique(classes):
            rows = classes == v
            part = marginals.values[rows]
            for h in np.unique(steps):
                matrix = interpolation(marginals.levels, self.levels[h, v], marginals.is_signed)
                part[:, steps == h] = part[:, steps == h] @ matrix
            values[rows] = part
        return dataclasses.replace(marginals, values=np.maximum.accumulate(values, axis=-1))

    def to_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {"levels": self.levels.tolist(), "n_obs": self.n_obs.tolist()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`."""
        return cls(np.array(value["levels"]), np.array(value["n_obs"]))


def held_out_pits(
    panel: Panel, marginals: Marginals, cut: Panel, rng: np.random.Generator
) -> np.ndarray:
    """(series, steps): randomised PITs of what `panel` knows after `cut`; NaN where demand is not
    known, stock had run out, or the series had not begun.

    That of a count, and of no demand, is drawn evenly from P(Y < y) to P(Y ≤ y): so it is the
    distribution of the count that is put right, not how the model spreads y + U between two whole
    numbers.
    """
    actual = actual_demand(panel, periods=slice(cut.n_periods, cut.n_periods + cut.horizon))
    launched = cut.is_launched
    actual[~launched] = np.nan
    width = actual.shape[1]
    marginals = dataclasses.replace(marginals, values=marginals.values[:, :width])
    below = marginals.pit(actual)
    at = marginals.pit(actual + 1) if marginals.is_count else below
    if not marginals.is_signed:
        below = np.where(actual <= 0, 0, below)  # nothing is less than no demand
    # drawn for the series begun alone: those launched later must change nothing
    noise = np.zeros(actual.shape, np.float32)
    noise[launched] = rng.random((int(launched.sum()), width), np.float32)
    return below + noise * (at - below)


def volume_classes(panel: Panel) -> np.ndarray:
    """(series,) 0, 1 or 2: classes A, B, C by revenue of the long window before the cutoff, units
    where there is none, as table `segments` has them."""
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


def _map(pits: np.ndarray, days: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """(grid,): the PITs' quantiles at the nominal levels, shrunk to the pooled map."""
    if not len(pits):
        return pooled
    if len(pits) > MOST_PITS:
        chosen = np.linspace(0, len(pits) - 1, MOST_PITS).astype(int)
        pits, days = pits[chosen], days[chosen]
    n = effective_size(pits, days)
    return (n * np.quantile(pits, UNIFORM) + PRIOR_PITS * pooled) / (n + PRIOR_PITS)


def _held_in_place(levels: np.ndarray, n_horizons: float) -> np.ndarray:
    """Maps (…, grid) with their common shift of mirrored levels shrunk to none."""
    shift = levels - UNIFORM
    common = (shift + shift[..., ::-1]) / 2
    weight = n_horizons / (n_horizons + PRIOR_HORIZONS)
    moved = np.maximum.accumulate(UNIFORM + shift - (1 - weight) * common, axis=-1)
    return np.clip(moved, 1 - MOST_LEVEL, MOST_LEVEL)


def effective_size(pits: np.ndarray, days: np.ndarray) -> float:
    """How many independent PITs say as much: those of one period share its shocks, so it is told
    from how far the means of periods vary."""
    places, counts = np.unique(days, return_counts=True)
    if len(places) < 2:
        return 1.0
    _, codes = np.unique(days, return_inverse=True)
    means = np.bincount(codes, pits) / counts
    share = counts / counts.sum()
    variance = (share**2 * (means - pits.mean()) ** 2).sum() * len(places) / (len(places) - 1)
    return float(min(1 / (12 * max(variance, 1e-12)), len(pits)))
