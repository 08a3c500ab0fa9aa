"""Seasonal means of many series at once, with the quantiles of their own past errors."""

from __future__ import annotations

import numpy as np

from forecaster.panel import Panel

STEP_CLASSES = 4  # steps of the horizon share their errors with their neighbours
PRIOR_ERRORS = 30.0  # weight of all series' errors, in errors, beside a series' own
MAX_ORIGINS = 12
LAUNCH_PERIODS = 28
JITTER_MEAN = 0.5


def seasonal_forecast(
    panel: Panel, n_seasons: int, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean (series, horizon) and quantiles (series, horizon, levels) after the panel's cutoff; of
    counts those of y + U.

    A series never seen gets the mean of its category's first periods, and the typical errors.
    """
    season, horizon = panel.season_length, panel.horizon
    mean = seasonal_means(panel.y_train, season, n_seasons, horizon)
    codes = panel.static_codes
    groups = codes[:, 0] if codes.shape[1] else np.zeros(panel.n_series, np.int32)
    never = ~np.isfinite(mean).any(1)
    mean[never] = launch_level(panel.y_train, groups)[never, None]
    spread, scale = error_quantiles(
        panel.y_train, season, n_seasons, horizon, levels, panel.is_count
    )
    typical = (
        scale[~never].sum() / max(np.abs(mean[~never, 0]).sum(), 1e-9) if (~never).any() else 0
    )
    scale = np.where(never, typical * np.abs(mean[:, 0]), scale)
    centre = mean + JITTER_MEAN if panel.is_count else mean
    return mean, centre[..., None] + spread[:, step_classes(horizon)] * scale[:, None, None]


def seasonal_means(y: np.ndarray, season_length: int, n_seasons: int, horizon: int) -> np.ndarray:
    """(series, horizon): the mean of the last `n_seasons` known values at the same place of the
    season.

    With a season of 1 these are the last `n_seasons` known periods. Places without a value take the
    mean of the series' known ones; a series without any is NaN.
    """
    season, series = max(season_length, 1), len(y)
    seasons = min(-(-y.shape[1] // season), 4 * n_seasons + 4)
    recent = y[:, -seasons * season :].astype(np.float64)
    padded = np.full((series, seasons * season), np.nan)
    padded[:, padded.shape[1] - recent.shape[1] :] = recent
    places = padded.reshape(series, seasons, season)
    known = np.isfinite(places)
    newer = np.cumsum(known[:, ::-1], axis=1)[:, ::-1]
    used = known & (newer <= n_seasons)
    count = used.sum(1)
    sums = np.where(used, places, 0).sum(1)
    level = np.divide(
        np.where(known, places, 0).sum((1, 2)),
        known.sum((1, 2)),
        out=np.full(series, np.nan),
        where=known.any((1, 2)),
    )
    means = np.where(count > 0, sums / np.maximum(count, 1), level[:, None])
    return means[:, np.arange(horizon) % season].astype(np.float32)


def launch_level(y: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(series,): what a new series gets, its group's mean demand in first known periods."""
    known = np.isfinite(y)
    early = known & (np.cumsum(known, axis=1) <= LAUNCH_PERIODS)
    sums, counts = np.where(early, y, 0).sum(1), early.sum(1)
    n_groups = int(groups.max(initial=0)) + 1
    group_sum = np.bincount(groups, sums, n_groups)
    group_count = np.bincount(groups, counts, n_groups)
    overall = sums.sum() / max(counts.sum(), 1)
    level = np.where(group_count > 0, group_sum / np.maximum(group_count, 1), overall)
    return level[groups].astype(np.float32)


def error_quantiles(
    y: np.ndarray,
    season_length: int,
    n_seasons: int,
    horizon: int,
    levels: np.ndarray,
    is_count: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of the errors that the seasonal mean made from earlier origins; of counts, of
    y + U less the mean of U.

    Returns (own (series, classes, levels) over the series' scale, scale (series,)). A series' own
    quantiles are shrunk towards those of all series' scaled errors, the more so the fewer errors it
    has.
    """
    errors = _past_errors(y, season_length, n_seasons, horizon)  # (series, origins, horizon)
    if is_count:
        errors = errors + (even_jitter(errors.shape[1:]) - JITTER_MEAN)
    classes = step_classes(horizon)
    known = np.isfinite(errors)
    count = known.sum((1, 2))
    size = np.abs(np.where(known, errors, 0)).sum((1, 2))
    mean_level = np.abs(np.nan_to_num(seasonal_means(y, season_length, n_seasons, 1)[:, 0]))
    typical = size.sum() / max((mean_level * count).sum(), 1e-9) if size.sum() > 0 else 1.0
    prior_size = typical * mean_level
    scale = (size + PRIOR_ERRORS * prior_size) / np.maximum(count + PRIOR_ERRORS, 1)
    scaled = errors / np.maximum(scale, 1e-9)[:, None, None]
    result = np.zeros((len(y), STEP_CLASSES, len(levels)), np.float32)
    for k in range(STEP_CLASSES):
        part = scaled[:, :, classes == k].reshape(len(y), -1)
        some = np.isfinite(part) & (scale > 0)[:, None]
        pooled = np.quantile(part[some], levels) if some.any() else np.zeros(len(levels))
        own = sorted_quantiles(part, levels)
        n = np.isfinite(part).sum(1)[:, None]
        result[:, k] = np.where(
            n > 0, (n * np.nan_to_num(own) + PRIOR_ERRORS * pooled) / (n + PRIOR_ERRORS), pooled
        )
    return result, scale.astype(np.float32)


def step_classes(horizon: int) -> np.ndarray:
    """The class of each step of the horizon."""
    return np.arange(horizon) * STEP_CLASSES // horizon


def even_jitter(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers spread evenly over [0, 1) by the golden ratio: the same whatever series there are."""
    place = np.arange(1, int(np.prod(shape)) + 1)
    return (place * 0.6180339887498949 % 1).reshape(shape).astype(np.float32)


def sorted_quantiles(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(rows, levels) quantiles of each row that skip NaN, interpolated; NaN for empty rows."""
    if not values.shape[1]:
        return np.full((len(values), len(levels)), np.nan)
    ordered = np.sort(values, axis=1)  # NaN last
    last = np.maximum(np.isfinite(values).sum(1) - 1, 0)[:, None]
    place = last * levels[None, :]
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, last)
    below = np.take_along_axis(ordered, low, 1)
    above = np.take_along_axis(ordered, high, 1)
    return below + (above - below) * (place - low)


def _past_errors(y: np.ndarray, season_length: int, n_seasons: int, horizon: int) -> np.ndarray:
    periods = y.shape[1]
    step = max(horizon // 2, 1)
    origins = [periods - (k + 1) * step for k in range(MAX_ORIGINS)]
    origins = [origin for origin in origins if origin >= max(season_length, 2)]
    errors = np.full((len(y), max(len(origins), 1), horizon), np.nan, np.float32)
    for i, origin in enumerate(origins):
        width = min(horizon, periods - origin)
        mean = seasonal_means(y[:, :origin], season_length, n_seasons, width)
        errors[:, i, :width] = y[:, origin : origin + width] - mean
    return errors
