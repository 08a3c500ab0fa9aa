"""Some series in place of all, where so many say as much."""

from __future__ import annotations

import numpy as np


def sample(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    """At most `most` of `rows`, in their order; all of them where there are no more.

    Drawn at random: rows come item by item and place by place, so that every n-th of them would be
    those of a few places.
    """
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
