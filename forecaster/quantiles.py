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

MOST_LEVEL = 0.9995
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
        return self.demand(self.quantiles(levels))

    def quantiles(self, levels: np.ndarray) -> np.ndarray:
        """(series, horizon, levels) quantiles on the continuous scale."""
        return self.values @ interpolation(self.levels, levels, self.is_signed)

    def demand(self, values: np.ndarray) -> np.ndarray:
        """Values of the continuous scale as demand: counts are whole, and nothing is below zero
        unless signed."""
        if self.is_count:
            values = np.ceil(values - 1)
        return values if self.is_signed else np.maximum(values, 0)

    def pit(self, y: np.ndarray) -> np.ndarray:
        """(series, horizon): the level of each value of the continuous scale (probability integral
        transform); NaN stays. The inverse of `quantiles`.
        """
        v, levels = self.values, self.levels.astype(np.float64)
        n = len(levels)
        place = (v <= y[..., None]).sum(-1)
        low = np.clip(place - 1, 0, n - 2)
        below = np.take_along_axis(v, low[..., None], -1)[..., 0]
        above = np.take_along_axis(v, low[..., None] + 1, -1)[..., 0]
        step = np.where(above > below, above - below, 1)
        share = (y - below) / step
        result = levels[low] + share * (levels[low + 1] - levels[low])
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            beyond = np.where(v[..., -1] > v[..., -2], (y - v[..., -1]) / step, np.inf)
            right = 1 - (1 - levels[-1]) * np.exp(-_tail_rate(levels) * beyond)
            if self.is_signed:
                beyond = np.where(v[..., 1] > v[..., 0], (v[..., 0] - y) / step, np.inf)
                left = levels[0] * np.exp(-_tail_rate(1 - levels[::-1]) * beyond)
            else:
                left = levels[0] * np.maximum(y, 0) / np.maximum(v[..., 0], 1e-9)
        result = np.where(place == n, right, np.where(place == 0, left, result))
        return np.where(np.isfinite(y), result, np.nan)

    def scaled(self, factor: np.ndarray | float) -> Self:
        """Demand times a factor that broadcasts to (series, horizon): of y + U that is about the
        mean of U, so that the mean of the count changes by the factor."""
        centre = 0.5 if self.is_count else 0.0
        values = (self.values - centre) * np.asarray(factor, np.float32)[..., None] + centre
        values = values if self.is_signed else np.maximum(values, 0)
        return dataclasses.replace(self, values=values.astype(np.float32))

    def moved(self, by: np.ndarray) -> Self:
        """Demand plus an amount (series, horizon)."""
        values = self.values + np.asarray(by, np.float32)[..., None]
        values = values if self.is_signed else np.maximum(values, 0)
        return dataclasses.replace(self, values=values)

    def brought(self, mean: np.ndarray, to: np.ndarray) -> Self:
        """The distributions of one mean (series, horizon) as those of another: times their ratio,
        or moved by their difference where demand may be negative."""
        if self.is_signed:
            return self.moved(to - mean)
        return self.scaled(np.divide(to, mean, out=np.ones_like(to), where=mean > 0))

    def stretched(self, mean: np.ndarray, factor: float) -> Self:
        """Every quantile so many times as far from the mean (series, horizon)."""
        centre = (mean + (0.5 if self.is_count else 0.0)).astype(np.float32)[..., None]
        values = centre + (self.values - centre) * np.float32(factor)
        values = values if self.is_signed else np.maximum(values, 0)
        return dataclasses.replace(self, values=values)


def interpolation(grid: np.ndarray, levels: np.ndarray, is_signed: bool) -> np.ndarray:
    """(grid, levels) float32: quantiles at `levels` are those of the grid times this matrix.

    Between levels of the grid it is linear in the level. Beyond them a tail falls exponentially
    with the slope of the last step; unless signed, the left one goes straight to zero.
    """
    grid = np.asarray(grid, np.float64)
    wanted = np.clip(np.asarray(levels, np.float64), 1 - MOST_LEVEL, MOST_LEVEL)
    wanted = np.where(np.isclose(wanted, grid[0], rtol=0, atol=1e-7), grid[0], wanted)
    high = np.clip(np.searchsorted(grid, wanted - 1e-7), 1, len(grid) - 1)
    share = (wanted - grid[high - 1]) / (grid[high] - grid[high - 1])
    share = np.where(np.isclose(wanted, grid[high], rtol=0, atol=1e-7), 1.0, share)
    weights = np.zeros((len(grid), len(wanted)))
    columns = np.arange(len(wanted))
    weights[high, columns], weights[high - 1, columns] = share, 1 - share
    for j in np.flatnonzero(wanted > grid[-1] + 1e-7):
        steps = np.log((1 - grid[-1]) / (1 - wanted[j])) / _tail_rate(grid)
        weights[:, j] = 0
        weights[-1, j], weights[-2, j] = 1 + steps, -steps
    for j in np.flatnonzero(wanted < grid[0] - 1e-7):
        weights[:, j] = 0
        if is_signed:
            steps = np.log(grid[0] / wanted[j]) / _tail_rate(1 - grid[::-1])
            weights[0, j], weights[1, j] = 1 + steps, -steps
        else:
            weights[0, j] = wanted[j] / grid[0]
    return weights.astype(np.float32)


def _tail_rate(levels: np.ndarray) -> float:
    """By how much the logarithm of what lies above falls over the last step of the grid."""
    return float(np.log((1 - levels[-2]) / (1 - levels[-1])))
