"""What a series (series, periods) says of itself: moving means, limits, seasonal profiles."""

from __future__ import annotations

import numpy as np


def moving_sum(values: np.ndarray, width: int) -> np.ndarray:
    """Trailing sum over `width` periods."""
    total = np.cumsum(values, axis=1, dtype=np.float64)
    total[:, width:] = total[:, width:] - total[:, :-width]
    return total


def moving_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Trailing mean over `width` periods that skips NaN; 0 where nothing is known."""
    known = np.isfinite(values)
    return moving_sum(np.where(known, values, 0), width) / np.maximum(moving_sum(known, width), 1)


def log_ratio(a: np.ndarray, b: np.ndarray | float) -> np.ndarray:
    """log(a / b), within ±3."""
    return np.clip(np.log(np.maximum(a, 1e-9) / np.maximum(b, 1e-9)), -3, 3)


def winsorised(y: np.ndarray, width: int, times: float) -> np.ndarray:
    """y with each value cut at `times` the mean size of the sales in the `width` periods before it.

    Fewer than 3 sales there set no limit.
    """
    size = np.nan_to_num(np.abs(y))
    sale = size > 0
    count, total = moving_sum(sale, width), moving_sum(size, width)
    limit = np.where(count >= 3, times * total / np.maximum(count, 1), np.inf)
    limit = np.concatenate([np.full((len(y), 1), np.inf), limit[:, :-1]], axis=1)
    return np.clip(y, -limit, limit)


def periods_since(event: np.ndarray) -> np.ndarray:
    """Periods since `event` was last true, counted from the first period where it never was."""
    index = np.arange(event.shape[1])
    return index - np.maximum.accumulate(np.where(event, index, 0), axis=1)


def seasonal_profile(
    y: np.ndarray,
    origins: np.ndarray,
    season_length: int,
    cycles: int = 8,
    prior: np.ndarray | float = 1.0,
    prior_cycles: float = 4.0,
) -> np.ndarray:
    """Mean of each phase over the mean of all, in the `cycles` cycles before each origin.

    Shrunk to `prior` (series, origins, season_length). Returns (series, origins, season_length);
    phase 0 is the first period after the origin.
    """
    index = origins[:, None] + np.arange(-cycles * season_length, 0)
    values = np.where(index >= 0, y[:, np.maximum(index, 0)], np.nan)
    values = values.reshape(len(y), len(origins), cycles, season_length)
    known = np.isfinite(values).sum(2)
    phase = np.nansum(values, 2) / np.maximum(known, 1)
    level = (np.nansum(values, (2, 3)) / np.maximum(known.sum(2), 1))[..., None]
    cycles_known = np.where(level > 0, known, 0)
    raw = np.divide(phase, level, out=np.ones_like(phase), where=level > 0)
    return (cycles_known * raw + prior_cycles * prior) / (cycles_known + prior_cycles)


def from_period(values: np.ndarray, start: int) -> np.ndarray:
    """values[:, start:] as float32, with zeros in front where `start` is negative."""
    padding = [(0, 0)] * values.ndim
    padding[1] = (max(-start, 0), 0)
    return np.pad(values[:, max(start, 0) :], padding).astype(np.float32)
