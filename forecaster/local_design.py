"""What a series' own regression looks at: rows of one series, an origin and a step each."""

from __future__ import annotations

import dataclasses

import numpy as np

from forecaster.panel import Panel
from forecaster.signals import PERIODS_OF_A_YEAR, moving_mean, seasonal_profile

PROFILE_CYCLES = 8
MOST_PHASES = 12  # a longer season has no indicator for each phase: the calendar's waves say it
PROFILE_UNIT = 6.0  # of its logarithm, which is small: unscaled, ridge would not let it say much
LIMIT = 2.0  # of a change, in logarithms or levels
FLOOR = 1e-6
# Periods after a holiday in which it is felt, the negative ones before it: by day the two days of
# shopping for it and the day after, by week the week before.
REACH = {"day": (-2, -1, 0, 1), "week": (-1, 0), "month": (0,)}


@dataclasses.dataclass(frozen=True)
class LocalRows:
    """Of some origins of one series: `x` (origins, horizon, columns), and in natural units `base`
    (origins, horizon), `size` (origins,) and demand `y` (origins, horizon), NaN where not known."""

    x: np.ndarray
    base: np.ndarray
    size: np.ndarray
    y: np.ndarray


class LocalDesign:
    """Rows of single series, from what was known at each origin and from the known future.

    The base of a forecast is the mean of the short window times the series' own seasonal profile.
    Columns: a constant, an indicator for each phase of a short season, the known-future covariates
    of the step, an indicator for each holiday by its name and the periods beside it, what the same
    days were a year ago, the profile, recent changes of level and growth over the year, the step
    and the step times those. Changes are logarithms of ratios, or differences over the size where
    demand is signed.
    """

    def __init__(self, panel: Panel, holidays: tuple[str, ...]) -> None:
        self.panel = panel
        self.holidays = holidays
        self.reach = REACH[panel.frequency]
        self._calendars: dict[int, np.ndarray] = {}
        self.y = panel.y_train
        self.future = panel.future
        season = panel.season_length
        self.year = PERIODS_OF_A_YEAR[panel.frequency]
        self.short, self.middle = (3, 6) if season > 7 else (4 * season, 8 * season)
        self.unit = season if season <= 7 else 1
        self.phases = season if 1 < season <= MOST_PHASES else 0

    @property
    def names(self) -> list[str]:
        """The columns, in order."""
        phases = [f"phase_{i}" for i in range(self.phases)]
        changes = ["change_short", "change_middle", "growth"]
        return [
            "constant",
            *phases,
            *self.future.names,
            *(f"{name} {offset:+d}" for offset in self.reach for name in self.holidays),
            "year_ago_smoothed",
            "year_ago",
            "profile",
            *changes,
            "step",
            *(f"{name}*step" for name in changes),
        ]

    def _calendar(self, series: int) -> np.ndarray:
        """(periods, columns): the holidays of a series, each at every offset of its reach."""
        holidays, n_periods = self.panel.holidays, len(self.panel.ds)
        if holidays is None or not self.holidays:
            return np.zeros((n_periods, len(self.reach) * len(self.holidays)), np.float32)
        group = int(holidays.group[series])
        if group not in self._calendars:
            on = holidays.calendar(group, self.holidays, n_periods)
            margin = max(abs(offset) for offset in self.reach)
            padded = np.pad(on, ((margin, margin), (0, 0)))
            shifted = [padded[margin - o : margin - o + n_periods] for o in self.reach]
            self._calendars[group] = np.concatenate(shifted, axis=1)
        return self._calendars[group]

    def rows(self, series: int, origins: np.ndarray) -> LocalRows:
        """The rows of one series at `origins`, each the number of known periods."""
        panel, horizon = self.panel, self.panel.horizon
        y = self.y[series].astype(np.float64)[None]
        known_end = y.shape[1]
        unit, short, middle = (
            moving_mean(y, width)[0] for width in (self.unit, self.short, self.middle)
        )
        size_of = moving_mean(np.abs(y), self.middle)[0]
        last, ahead = origins - 1, origins[:, None] + np.arange(horizon)
        level, size = short[last], np.maximum(size_of[last], FLOOR)
        profile = np.ones(ahead.shape)
        if panel.season_length > 1 and not panel.is_signed:
            cycles = seasonal_profile(y, origins, panel.season_length, PROFILE_CYCLES)[0]
            profile = cycles[:, np.arange(horizon) % panel.season_length]

        def change(to: np.ndarray, since: np.ndarray, of: np.ndarray) -> np.ndarray:
            if panel.is_signed:
                return np.clip((to - since) / of, -LIMIT, LIMIT)
            floor = FLOOR + 1e-3 * of
            return np.clip(np.log(np.maximum(to, floor) / np.maximum(since, floor)), -LIMIT, LIMIT)

        before = last - self.year
        has_year = before >= self.short - 1
        year_level, year_size = short[np.maximum(before, 0)], size_of[np.maximum(before, 0)]
        same_day = np.maximum(ahead - self.year, 0)
        centred = np.minimum(same_day + self.unit // 2, last[:, None])
        then = np.maximum(year_size, FLOOR)[:, None]
        smoothed = change(unit[centred], year_level[:, None], then)
        value = np.nan_to_num(y[0, np.minimum(same_day, last[:, None])], nan=0.0)
        was_known = np.isfinite(y[0, np.minimum(same_day, last[:, None])])
        daily = np.where(was_known, change(value, year_level[:, None], then), smoothed)
        changes = np.stack(
            [
                change(unit[last], level, size),
                change(level, middle[last], size),
                np.where(has_year, change(level, year_level, size), 0),
            ],
            axis=-1,
        )
        step = np.broadcast_to(np.arange(horizon) / horizon, ahead.shape)[..., None]
        phases = (ahead[..., None] % max(self.phases, 1)) == np.arange(self.phases)
        every = np.broadcast_to(changes[:, None], (*ahead.shape, changes.shape[-1]))
        x = np.concatenate(
            [
                np.ones((*ahead.shape, 1)),
                phases,
                self.future[series, ahead],
                self._calendar(series)[ahead],
                np.where(has_year[:, None], smoothed, 0)[..., None],
                np.where(has_year[:, None], daily, 0)[..., None],
                PROFILE_UNIT * np.log(np.maximum(profile, 1e-2))[..., None],
                every,
                step,
                every * step,
            ],
            axis=-1,
            dtype=np.float32,
        )
        actual = np.where(ahead < known_end, y[0, np.minimum(ahead, known_end - 1)], np.nan)
        return LocalRows(x, level[:, None] * profile, size, actual)
