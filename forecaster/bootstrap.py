"""How sure a mean difference of paired errors is: a bootstrap over series and cutoffs."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np

LEVEL = 0.95
DRAWS = 1000
MOST_CLUSTERS = 500  # of series; more are drawn in random groups, whose sums vary as theirs do


@dataclasses.dataclass(frozen=True)
class Interval:
    """A mean difference and its bounds at 95 %."""

    mean: float
    lower: float
    upper: float
    n_series: int
    n_cutoffs: int


def paired_interval(
    differences: np.ndarray, series: np.ndarray, cutoffs: np.ndarray
) -> Interval | None:
    """The mean of `differences` (pairs,), each of one of `series` at one of `cutoffs`.

    Series and cutoffs are drawn with replacement, each for itself (the pigeonhole bootstrap of Owen
    2007, Annals of Applied Statistics 1): the errors of a series resemble each other, and so do
    those of one cutoff. With few cutoffs the bounds are nearly those of the worst and the best one.
    Pairs that are not known do not count; without any there is no interval.
    """
    known = np.isfinite(differences)
    if not known.any():
        return None
    values = differences[known]
    _, series_codes = np.unique(series[known], return_inverse=True)
    _, cutoff_codes = np.unique(cutoffs[known], return_inverse=True)
    n_series, n_cutoffs = int(series_codes.max()) + 1, int(cutoff_codes.max()) + 1
    n_groups = min(n_series, MOST_CLUSTERS)
    groups = np.random.default_rng(1).permutation(n_series)[series_codes] % n_groups
    sums, counts = np.zeros((n_groups, n_cutoffs)), np.zeros((n_groups, n_cutoffs))
    np.add.at(sums, (groups, cutoff_codes), values)
    np.add.at(counts, (groups, cutoff_codes), 1)
    of_groups, of_cutoffs = _drawn(n_groups, 2), _drawn(n_cutoffs, 3)
    n_drawn = ((of_groups @ counts) * of_cutoffs).sum(1)
    means = ((of_groups @ sums) * of_cutoffs).sum(1)[n_drawn > 0] / n_drawn[n_drawn > 0]
    tail = (1 - LEVEL) / 2
    lower, upper = np.quantile(means, [tail, 1 - tail])
    return Interval(float(values.mean()), float(lower), float(upper), n_series, n_cutoffs)


@lru_cache(maxsize=64)
def _drawn(n: int, seed: int) -> np.ndarray:
    """(draws, n): how often each of n is in a draw of n with replacement."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, np.full(n, 1 / n), DRAWS).astype(np.float64)
