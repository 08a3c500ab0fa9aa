"""The distribution of errors around a mean, by size and step, from counts that do not grow."""

from __future__ import annotations

import numpy as np

from forecaster.least_squares import non_negative

STEP_CLASSES = 3
BINS, REACH = 1600, 8.0  # bins of arcsinh(error / spread), within ± REACH
PRIOR_ROWS = 300.0  # weight of all classes' errors beside a class's own


def step_class(step: np.ndarray, horizon: int) -> np.ndarray:
    """The class of steps that share their errors."""
    return step * STEP_CLASSES // horizon


class Spread:
    """Variance of an error as a non-negative mix of size, size² and deviation²."""

    def __init__(self) -> None:
        self.gram, self.moment = np.zeros((3, 3)), np.zeros(3)
        self.parts = np.array([1.0, 0.0, 0.0])

    @staticmethod
    def terms(size: np.ndarray, deviation: np.ndarray) -> np.ndarray:
        """(rows, 3)."""
        return np.stack([size, size**2, deviation**2], axis=-1)

    def add(self, error: np.ndarray, size: np.ndarray, deviation: np.ndarray) -> None:
        """Errors (rows,) with their size and deviation; rows are weighted by what their variance
        would be if all parts were 1, or the largest series would decide alone.
        """
        terms = self.terms(size, deviation)
        weight = 1 / np.maximum(terms.sum(1), 1e-9)
        terms = terms * weight[:, None]
        self.gram += terms.T @ terms
        self.moment += terms.T @ (error**2 * weight)

    def solve(self) -> None:
        """Fit the parts to what was added."""
        parts = non_negative(self.gram, self.moment)
        if parts.sum() > 0:
            self.parts = parts

    def of(self, size: np.ndarray, deviation: np.ndarray) -> np.ndarray:
        """(rows,) standard deviations, never 0."""
        return np.sqrt(self.terms(size, deviation) @ self.parts + 1e-9)


class ResidualQuantiles:
    """Quantiles of error / spread by class of size and class of step.

    `edges` cut the sizes into classes. Between the centres of two classes their quantiles are
    interpolated, so that a forecast does not jump at an edge.
    """

    def __init__(self, edges: np.ndarray, levels: np.ndarray) -> None:
        self.edges, self.levels = np.asarray(edges, float), np.asarray(levels, float)
        n = len(self.edges) + 1
        self.counts = np.zeros((n, STEP_CLASSES, BINS + 2))
        self.log_size, self.rows = np.zeros(n), np.zeros(n)
        self.table = np.zeros((n, STEP_CLASSES, len(levels)))
        self.centres = np.zeros(n)

    def add(self, error: np.ndarray, size: np.ndarray, steps: np.ndarray) -> None:
        """Errors over spread, sizes, classes of steps (rows,)."""
        place = np.searchsorted(self.edges, size)
        bins = np.clip((np.arcsinh(error) / REACH + 1) / 2 * BINS + 1, 0, BINS + 1).astype(int)
        np.add.at(self.counts, (place, steps, bins), 1.0)
        np.add.at(self.log_size, place, np.log(np.maximum(size, 1e-6)))
        np.add.at(self.rows, place, 1.0)

    def solve(self) -> None:
        """Turn counts into quantiles; a class without errors has everyone's."""
        pooled = self.counts.sum((0, 1))
        pooled = pooled / max(pooled.sum(), 1.0)
        counts = self.counts + PRIOR_ROWS * pooled
        edges = np.sinh((np.arange(-1, BINS + 2) / BINS * 2 - 1) * REACH)
        for i, j in np.ndindex(self.counts.shape[:2]):
            cumulative = np.cumsum(counts[i, j])
            if cumulative[-1] > 0:
                share = np.concatenate([[0], cumulative / cumulative[-1]])
                self.table[i, j] = inverse(share, edges, self.levels)
        self.centres = self.log_size / np.maximum(self.rows, 1)
        middle = np.log(np.maximum(np.concatenate([self.edges[:1], self.edges]), 1e-6))
        if len(middle) < len(self.centres):
            middle = np.zeros(len(self.centres))
        self.centres = np.where(self.rows > 0, self.centres, middle)
        self.centres = np.maximum.accumulate(self.centres)

    def of(self, size: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """(rows, levels) of sizes and classes of steps (rows,)."""
        place = np.log(np.maximum(size, 1e-6))
        right = np.clip(np.searchsorted(self.centres, place), 1, max(len(self.centres) - 1, 1))
        left = right - 1
        right = np.minimum(right, len(self.centres) - 1)
        width = np.maximum(self.centres[right] - self.centres[left], 1e-9)
        share = np.clip((place - self.centres[left]) / width, 0, 1)[:, None]
        return self.table[left, steps] * (1 - share) + self.table[right, steps] * share


def inverse(share: np.ndarray, values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of a cumulative share (k,) that reaches its numbers at `values` (k,)."""
    rising = np.concatenate([[True], np.diff(share) > 0])
    return np.interp(levels, share[rising], values[rising])
