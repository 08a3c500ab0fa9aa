"""What a series (series, periods) says of itself: moving means, limits, seasonal profiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from forecaster.config import ModelSettings
from forecaster.panel import ROWS_AT_ONCE, Panel

PERIODS_OF_A_YEAR = {"day": 364, "week": 52, "month": 12}  # that keep the phase of the season


class SignalSettings(ModelSettings):
    """Settings of a model that reads signals.

    A value is cut at `winsorise` times the mean size of the sales before it in the capped means.
    The scale of a series is its level and `floor_own` of its long mean and `floor_group` of its
    group's, and the more of that the fewer periods are known. The year-ago index enters the base to
    the power `year_power`.
    """

    winsorise: float = Field(default=3.0, gt=0)
    floor_own: float = Field(default=0.1, ge=0)
    floor_group: float = Field(default=0.1, ge=0)
    year_power: float = Field(default=0.5, ge=0)


class Signals:
    """Model inputs of any rows and origins, computed from what was known at each origin."""

    def __init__(self, settings: SignalSettings, panel: Panel, group: str | None) -> None:
        self.settings, self.panel = settings, panel
        self.y = panel.y_train
        self.past, self.future = panel.past, panel.future
        self.codes, self.numbers = panel.static_codes, panel.static_numbers
        names = list(panel.encoding.vocabularies) if panel.encoding else []
        n_groups = 1
        self.groups = np.zeros(panel.n_series, np.int64)
        if group is not None:
            self.groups = self.codes[:, names.index(group)].astype(np.int64)
            n_groups = panel.cardinalities[names.index(group)]
        season = panel.season_length
        self.windows = (3, 6, 12) if season > 7 else (4 * season, 8 * season, 16 * season)
        self.context, self.span = self.windows[1], self.windows[2]
        self.window = self.context + self.span  # what a network reads at once
        self.year = PERIODS_OF_A_YEAR[panel.frequency]
        self.total = np.zeros((n_groups, self.y.shape[1]))
        for first in range(0, panel.n_series, ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)  # of all at once the sums would be gigabytes
            capped = winsorised(self.y[part], 2 * self.windows[2], settings.winsorise)
            capped = np.nan_to_num(np.abs(capped) if panel.is_signed else capped)
            np.add.at(self.total, self.groups[part], capped)
        begun = self.groups[panel.is_launched]  # what comes later is not known of
        self.size = np.maximum(np.bincount(begun, minlength=n_groups), 1).astype(float)

    @property
    def sequence_names(self) -> list[str]:
        """The features of `sequences`, in their order; widths are in periods."""
        short, middle, long = self.windows
        unit = self.panel.season_length if self.panel.season_length <= 7 else 1
        return [
            "last",
            *(f"mean_{width}" for width in (unit, short, middle, long, 3 * long)),
            *(f"capped_mean_{width}" for width in (middle, long)),
            "is_known",
            *(f"share_sold_{width}" for width in (short, long)),
            f"log_sales_{long}",
            "log_since_sale",
            "log_age",
            "scale_over_group",
            "group_level_change",
            "group_trend",
            *(f"past_{name}" for name in self.past.names),
            *(f"at_origin_{name}" for name in self.future.names),
        ]

    @property
    def horizon_names(self) -> list[str]:
        """The features of `horizons`, in their order."""
        seasonal = ["log_profile", "log_own_profile"] if self.panel.season_length > 1 else []
        return ["step", "log_year_ago", "has_year_ago", *seasonal, *self.future.names]

    def sequences(self, rows: np.ndarray, start: int, stop: int) -> list[np.ndarray]:
        """Features (rows, stop − start, k), level, scale, deviation, activity of periods start to
        stop − 1.

        All are what is known at the end of a period; before period 0 they are 0. The scale is a
        shrunken mean size that is never 0; the deviation is the root of the RMSSE's denominator,
        with a floor; a series is active while it had a sale in the last two long windows.
        """
        s, signed = self.settings, self.panel.is_signed
        short, middle, long = self.windows
        begin = max(0, start - 3 * long)
        first = max(start - begin, 0)  # what is before it is only looked back on
        y = self.y[rows, begin:stop].astype(np.float64)
        size = np.abs(y)
        unit = self.panel.season_length if self.panel.season_length <= 7 else 1
        known = np.isfinite(y)
        sale = np.nan_to_num(size) > 0
        n_known = Trailing(known, first)
        mean_y, mean_size = (TrailingMean(values, n_known) for values in (y, size))
        level = 0.6 * mean_y.over(short) + 0.4 * mean_y.over(middle)
        scale = 0.6 * mean_size.over(short) + 0.4 * mean_size.over(middle)
        groups = self.groups[rows]
        total = self.total[:, begin:stop]
        group_mean = (moving_mean(total, long) / self.size[:, None])[groups, first:]
        n_periods = n_known.over(3 * long)
        share = s.floor_group + (1 - s.floor_group) / (1 + 4 * n_periods / unit)
        scale += s.floor_own * mean_size.over(3 * long) + share * group_mean + 1e-6
        step = np.diff(y, axis=1, prepend=np.nan) ** 2
        deviation = np.cumsum(np.nan_to_num(step), 1)[:, first:]
        deviation /= np.maximum(np.cumsum(np.isfinite(step), 1)[:, first:], 1)
        deviation = np.sqrt(deviation + scale**2 * 0.25)
        mean_capped = TrailingMean(winsorised(y, 2 * long, s.winsorise), n_known)
        n_sales = Trailing(sale, first)

        def ratio(values: np.ndarray) -> np.ndarray:
            return np.arcsinh(values / scale) if signed else np.log1p(values / scale)

        short_mean = moving_mean(total, short)
        columns = [
            ratio(np.nan_to_num(y[:, first:])),
            *(ratio(mean_y.over(width)) for width in (unit, short, middle, long, 3 * long)),
            *(ratio(mean_capped.over(width)) for width in (middle, long)),
            known[:, first:].astype(float),
            n_sales.over(short) / short,
            n_sales.over(long) / long,
            np.log1p(n_sales.over(long)) / 4,
            np.log1p(periods_since(sale)[:, first:] / unit) / 3,
            np.log1p(np.cumsum(known, axis=1)[:, first:] / unit) / 4,
            log_ratio(scale, group_mean + 1e-9) / 2,
            log_ratio(moving_mean(total, unit), short_mean)[groups, first:],
            log_ratio(short_mean, moving_mean(total, long))[groups, first:],
        ]
        place = slice(begin + first, stop)
        x = joined(columns, [self.past[rows, place], self.future[rows, place]], max(-start, 0))
        active = n_sales.over(2 * long) > 0
        known_at = (level, scale, deviation, active)
        return [x, *(joined([values], [], max(-start, 0))[..., 0] for values in known_at)]

    def is_young(self, rows: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """(rows, origins): where no more than a short window is known, in a year or so: what has
        not sold by then is new, not dormant.
        """
        short, _, long = self.windows
        parts = (self.y[rows, max(t - 3 * long, 0) : t] for t in origins)
        return np.stack([np.isfinite(part).sum(axis=1) for part in parts], axis=1) <= short

    def horizons(self, rows: np.ndarray, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(features (rows, origins, horizon, k), base multiplier (rows, origins, horizon))."""
        season, horizon, groups = self.panel.season_length, self.panel.horizon, self.groups[rows]
        steps = np.arange(horizon)
        shape = (len(rows), len(origins), horizon)
        index, is_available = self.year_ago(origins)
        columns = [np.broadcast_to(steps / horizon, shape), index[groups]]
        columns.append(np.broadcast_to(is_available[None, :, None], shape))
        base = np.exp(self.settings.year_power * index)[groups]
        if season > 1:
            phase = steps % season
            profile = seasonal_profile(self.total, origins, season)[groups]
            own = seasonal_profile(np.abs(self.y[rows]), origins, season, prior=profile)
            base = base * profile[..., phase]
            columns += [log_ratio(profile, 1.0)[..., phase], log_ratio(own, profile)[..., phase]]
        known = np.stack([self.future[rows, t : t + horizon] for t in origins], axis=1)
        return joined(columns, [known]), base.astype(np.float32)

    def year_ago(self, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log of the group's smoothed level a year before each step over that a year before the
        origin.

        Returns (groups, origins, horizon), and where there was a year before (origins,).
        """
        short, middle, _ = self.windows
        smooth, level = moving_mean(self.total, short), moving_mean(self.total, middle)
        centre = origins[:, None] + np.arange(self.panel.horizon) - self.year + short // 2
        centre = np.minimum(centre, origins[:, None] - 1)
        behind = origins - 1 - self.year
        is_available = behind >= middle - 1
        index = log_ratio(
            smooth[:, np.maximum(centre, 0)], level[:, np.maximum(behind, 0)][..., None]
        )
        index = np.clip(np.where(is_available[:, None], index, 0), -1, 1)
        return index, is_available.astype(float)


class Trailing:
    """Sums over windows of several widths that end with each period from `first` on."""

    def __init__(self, values: np.ndarray, first: int) -> None:
        self.total, self.first = np.cumsum(values, axis=1, dtype=np.float64), first

    def over(self, width: int) -> np.ndarray:
        """As `moving_sum`."""
        total, n_periods = self.total[:, self.first :].copy(), self.total.shape[1]
        shift = max(width, self.first)  # the first period of which something has left the window
        if shift < n_periods:
            gone = self.total[:, shift - width : n_periods - width]
            total[:, shift - self.first :] -= gone
        return total


class TrailingMean(Trailing):
    """Means that skip NaN of values of which `n_known` sums up where they are known."""

    def __init__(self, values: np.ndarray, n_known: Trailing) -> None:
        super().__init__(np.where(np.isfinite(values), values, 0), n_known.first)
        self.n_known = n_known

    def over(self, width: int) -> np.ndarray:
        """As `moving_mean`."""
        return super().over(width) / np.maximum(self.n_known.over(width), 1)


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


def joined(
    columns: Sequence[np.ndarray], blocks: Sequence[np.ndarray], n_missing: int = 0
) -> np.ndarray:
    """(series, periods, …, features) float32 of columns (series, periods, …) and blocks of several
    features, with zeros for `n_missing` periods in front. Written once, in place.
    """
    series, periods, *rest = columns[0].shape
    width = len(columns) + sum(block.shape[-1] for block in blocks)
    out = np.zeros((series, n_missing + periods, *rest, width), np.float32)
    known = out[:, n_missing:]
    for i, column in enumerate(columns):
        known[..., i] = column
    place = len(columns)
    for block in blocks:
        known[..., place : place + block.shape[-1]] = block
        place += block.shape[-1]
    return out
