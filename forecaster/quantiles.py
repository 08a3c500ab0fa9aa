"""Distributions as quantiles on one grid of levels, and what people get of them.

Demand in counts is jittered: where a panel `is_count`, the quantiles here are those of y + U, with
U uniform on [0, 1), which is continuous, so that every level has one quantile and every value one
level (Machado and Santos Silva, "Quantiles for Counts", JASA 2005). The quantile of the count
itself is then ceil(q − 1), exactly.
"""

from __future__ import annotations

import dataclasses
from typing import Self

import numpy as np

# Models learn these; what is written is interpolated after calibration, which may move a level.
LEVELS = (
    *(0.005, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    *(0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.995),
)


@dataclasses.dataclass(frozen=True)
class Marginals:
    """One distribution per series and step: `values` (series, horizon, levels) at `levels`.

    `values` rise along the levels; of counts they are quantiles of y + U.
    """

    levels: np.ndarray
    values: np.ndarray
    is_count: bool
    is_signed: bool

    def at(self, levels: np.ndarray) -> np.ndarray:
        """(series, horizon, levels) quantiles of demand itself, float32."""
        return self.demand(interpolated(self.values, self.levels, levels))

    def demand(self, values: np.ndarray) -> np.ndarray:
        """Values of the continuous scale as demand: counts are whole, and nothing is below zero
        unless signed."""
        if self.is_count:
            values = np.ceil(values - 1)
        return values if self.is_signed else np.maximum(values, 0)

    def scaled(self, factor: np.ndarray) -> Self:
        """Demand times a factor that broadcasts to (series, horizon): of y + U that is about the
        mean of U, so that the mean of the count changes by the factor."""
        centre = 0.5 if self.is_count else 0.0
        values = (self.values - centre) * np.asarray(factor, np.float32)[..., None] + centre
        values = values if self.is_signed else np.maximum(values, 0)
        return dataclasses.replace(self, values=values.astype(np.float32))


def interpolated(values: np.ndarray, grid: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(…, levels): quantiles between those of the grid, linear in the level; the grid's ends stand
    for what lies beyond them."""
    grid = np.asarray(grid, np.float64)
    wanted = np.clip(np.asarray(levels, np.float64), grid[0], grid[-1])
    high = np.clip(np.searchsorted(grid, wanted - 1e-9), 1, len(grid) - 1)
    low = high - 1
    share = ((wanted - grid[low]) / (grid[high] - grid[low])).astype(np.float32)
    exact = np.abs(wanted - grid[high]) < 1e-7
    share[exact] = 1.0
    return values[..., low] * (1 - share) + values[..., high] * share
