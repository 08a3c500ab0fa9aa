"""Weighted least squares from sums: rows are added and forgotten."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np

CONSTANT = 0  # the column that is never penalised
SMALLEST = 1e-9  # of the mean variance: a column that does not vary gets no weight


class NormalEquations:
    """X'WX and X'Wz, kept apart by fold.

    The memory is folds × columns², whatever the number of rows. A fold's coefficients come from
    the sums of all others (leave-one-block-out), so that its residuals are out of sample.
    `prior_rows` is what no coefficient at all weighs, in rows: of few rows little is learned.
    """

    def __init__(self, n_columns: int, n_folds: int = 1, prior_rows: float = 0.0) -> None:
        self.gram = np.zeros((n_folds, n_columns, n_columns))
        self.moment = np.zeros((n_folds, n_columns))
        self.n_rows = np.zeros(n_folds, np.int64)
        self.prior_rows = prior_rows

    def add(self, x: np.ndarray, z: np.ndarray, weight: np.ndarray, fold: int = 0) -> None:
        """Rows x (rows, columns) with targets z and weights (rows,)."""
        root = np.sqrt(weight).astype(x.dtype)
        weighted = x * root[:, None]
        self.gram[fold] += weighted.T @ weighted  # symmetric: half the work
        self.moment[fold] += weighted.T @ (root * z.astype(x.dtype))
        self.n_rows[fold] += np.count_nonzero(weight)

    def solve(self, strength: float, without: int | None = None) -> np.ndarray:
        """(columns,) ridge coefficients. `strength` is relative to each column's own variance, so
        it means the same whatever the units and the number of rows: alone, a column's
        coefficient is divided by 1 + strength + prior rows over rows.
        """
        keep = [k for k in range(len(self.gram)) if k != without] or [0]
        gram, moment = self.gram[keep].sum(0), self.moment[keep].sum(0)
        total = max(gram[CONSTANT, CONSTANT], 1e-12)
        variance = np.maximum(np.diag(gram) - gram[CONSTANT] ** 2 / total, 0)
        varies = variance > SMALLEST * max(variance.mean(), 1e-12) + 1e-6 * np.diag(gram)
        varies[CONSTANT] = True
        strength += self.prior_rows / max(self.n_rows[keep].sum(), 1)
        penalty = strength * variance
        penalty[CONSTANT] = 1e-9 * total
        result = np.zeros(len(moment))
        part = gram[np.ix_(varies, varies)] + np.diag(penalty[varies])
        scale = 1 / np.sqrt(np.diag(part))  # unit diagonal: columns differ by orders of magnitude
        part = part * scale[:, None] * scale + 1e-9 * np.eye(len(scale))
        result[varies] = scale * np.linalg.solve(part, scale * moment[varies])
        return result


@dataclasses.dataclass(frozen=True)
class RidgeSums:
    """One series' X'WX (folds, columns, columns) and X'Wz (folds, columns), kept apart by fold;
    `repetition` is how many rows say one thing."""

    gram: np.ndarray
    moment: np.ndarray
    repetition: float

    @classmethod
    def mean(cls, sums: Sequence[Self]) -> Self:
        """That of several series: who has more rows, weighs more."""
        return cls(
            np.mean([one.gram for one in sums], axis=0),
            np.mean([one.moment for one in sums], axis=0),
            float(np.mean([one.repetition for one in sums])),
        )

    def solve(self, strength: float, prior: np.ndarray, without: int | None = None) -> np.ndarray:
        """(columns,) pulled to `prior` (columns,) as by `strength` repetitions that say it; of all
        folds but one, where that is given."""
        gram, moment = self.gram.sum(0, dtype=float), self.moment.sum(0, dtype=float)
        if without is not None:
            gram, moment = gram - self.gram[without], moment - self.moment[without]
        penalty = strength * self.repetition
        gram[np.diag_indices_from(gram)] += penalty
        solved: np.ndarray = np.linalg.solve(gram, moment + penalty * prior)
        return solved


def non_negative(gram: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """(k,) least squares without negative coefficients: the best of all subsets, so k is small."""
    best, lowest = np.zeros(len(moment)), 0.0
    for subset in range(1, 1 << len(moment)):
        keep = [i for i in range(len(moment)) if subset >> i & 1]
        part = np.linalg.lstsq(gram[np.ix_(keep, keep)], moment[keep], rcond=None)[0]
        loss = -float(moment[keep] @ part)
        if (part >= 0).all() and loss < lowest:
            best, lowest = np.zeros(len(moment)), loss
            best[keep] = part
    return best
