"""Rows for a model that forecasts each week ahead directly, from what is known at an origin.

A row is a series, an origin and a day ahead. All that looks back ends at the origin, and what is
measured in units is divided by `baseline`, the series' recent mean times the weekday profile of its
store and department, from which the model starts.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from task import KNOWN, Task

WEEK = 7
STATIC = ["item_id", "dept_id", "store_id"]
# Not the day of the month: of two or three months it tells the date, and trees learn demand by it.
CALENDAR = ["weekday", "event", "event_yesterday", "event_tomorrow", "event_in_two_days"]
LEAST = 14
"""Days of history without which a series teaches nothing at an origin."""


def of_days(values: np.ndarray, days: np.ndarray) -> np.ndarray:
    """(series, days), NaN for days before the first."""
    return np.where(days >= 0, values[:, np.maximum(days, 0)], np.nan)


@dataclass(frozen=True)
class Rows:
    """One origin and week ahead, series by seven days, flattened series first."""

    features: pd.DataFrame
    baseline: np.ndarray
    y: np.ndarray | None


class Panel:
    """The task's series as matrices: demand (series, days), covariates (series, days + horizon)."""

    def __init__(self, task: Task) -> None:
        self.task = task
        history, future = task.history, task.future
        self.unique_ids = pd.Index(np.sort(history["unique_id"].unique()), name="unique_id")
        self.first = history["ds"].min()
        self.now = (task.cutoff - self.first).days
        rows = pd.concat([history[["unique_id", "ds", *KNOWN]], future])
        self.known = self._matrices(rows, KNOWN, self.now + 1 + task.horizon)
        self.y = self._matrices(history, ["y"], self.now + 1)["y"]
        self.groups = {
            "of_store_dept": self._group(["store_id", "dept_id"]),
            "of_item": self._group(["item_id"]),
        }

    def _matrices(self, rows: pd.DataFrame, names: list[str], n_days: int) -> dict:
        row = self.unique_ids.get_indexer(rows["unique_id"])
        day = (rows["ds"] - self.first).dt.days.to_numpy()
        result = {}
        for name in names:
            result[name] = np.full((len(self.unique_ids), n_days), np.nan, dtype=np.float32)
            result[name][row, day] = rows[name].to_numpy()
        return result

    def _group(self, keys: list[str]) -> np.ndarray:
        series = self.task.series.set_index("unique_id").loc[self.unique_ids]
        return series.groupby(keys).ngroup().to_numpy()

    @cached_property
    def static(self) -> pd.DataFrame:
        series = self.task.series.set_index("unique_id").loc[self.unique_ids, STATIC]
        return series.apply(lambda column: column.astype("category").cat.codes)

    @cached_property
    def calendar(self) -> np.ndarray:
        """(days + horizon, `CALENDAR`). An event that the history has not seen is none."""
        days = self.task.calendar.sort_values("ds")
        past = days["ds"].between(self.first, self.task.cutoff)
        event = days["event"].where(days["event"].isin(days["event"][past]), "")
        code = event.astype("category").cat.codes.astype(float)
        frame = pd.DataFrame(
            {
                "weekday": days["ds"].dt.dayofweek,
                "event": code,
                "event_yesterday": code.shift(1, fill_value=0),
                "event_tomorrow": code.shift(-1, fill_value=0),
                "event_in_two_days": code.shift(-2, fill_value=0),
            }
        )
        inside = days["ds"].between(self.first, self.task.days[-1])
        return frame.loc[inside, CALENDAR].to_numpy(dtype=np.float32)

    def mean(self, values: np.ndarray, origin: int, days: int) -> np.ndarray:
        """The mean of the known among the last days up to the origin: (rows,)."""
        last = values[:, max(origin + 1 - days, 0) : origin + 1]
        known = np.isfinite(last)
        return np.where(known, last, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)

    def sums(self, group: np.ndarray) -> np.ndarray:
        """Demand of the groups: (groups, days)."""
        result = np.zeros((group.max() + 1, self.y.shape[1]), dtype=np.float32)
        np.add.at(result, group, np.nan_to_num(self.y))
        return result

    @cached_property
    def group_sums(self) -> dict[str, np.ndarray]:
        return {name: self.sums(group) for name, group in self.groups.items()}

    def rows(self, origin: int, week: int, some: np.ndarray, settings: dict) -> Rows:
        """The rows of the series `some` (their places) at one origin, `week` (1 to 4) ahead."""
        days = origin + WEEK * (week - 1) + 1 + np.arange(WEEK)
        back = [days - WEEK * (week + k) for k in range(8)]
        y = self.y[some]
        m28, m56 = self.mean(y, origin, 28), self.mean(y, origin, 56)
        share = settings["share_of_28"]
        scale = share * m28 + (1 - share) * m56 + 0.03

        profile, of_group = None, {}
        for name, group in self.groups.items():
            sums = self.group_sums[name]
            level = np.maximum(self.mean(sums, origin, 28), 0.01)
            weekdays = np.nanmean([of_days(sums, day) for day in back[:4]], axis=0) / level[:, None]
            of_group[f"{name}_week"] = (self.mean(sums, origin, 7) / level)[group[some]]
            of_group[f"{name}_two_weeks"] = (self.mean(sums, origin, 14) / level)[group[some]]
            of_group[f"{name}_before"] = (self.mean(sums, origin, 56) / level)[group[some]]
            if profile is None:
                profile = weekdays[group[some]]
        baseline = scale[:, None] * np.maximum(profile, 0.2)

        per_series = {
            "scale": scale,
            "last_week": self.mean(y, origin, 7) / scale,
            "two_weeks": self.mean(y, origin, 14) / scale,
            "m28": m28 / scale,
            "sold": self.mean((y > 0) * 1.0, origin, 28),
            "age": np.isfinite(y[:, : origin + 1]).sum(axis=1),
            "since_sale": np.argmax(np.c_[y[:, origin::-1] > 0, np.ones(len(y), bool)], axis=1),
            **of_group,
        }
        columns = {name: np.repeat(values, WEEK) for name, values in per_series.items()}
        weekdays = np.stack([of_days(y, day) for day in back])
        for k in range(2):
            columns[f"same_weekday_{k + 1}"] = weekdays[k] / baseline
        columns["weekday_mean_4"] = mean_of_known(weekdays[:4]) / baseline
        columns["weekday_mean_8"] = mean_of_known(weekdays) / baseline
        columns["profile"] = profile
        for name in KNOWN:
            columns[name] = self.known[name][np.ix_(some, days)]
        price_before = self.mean(self.known["price"][some], origin, 28)
        columns["price_to_before"] = columns["price"] / np.maximum(price_before, 0.01)[:, None]
        frame = pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()})
        frame["week"] = week
        frame[CALENDAR] = np.tile(self.calendar[days], (len(some), 1))
        for name in STATIC:
            frame[name] = np.repeat(self.static[name].to_numpy()[some], WEEK)
        frame = frame.drop(columns=settings["without"])
        actual = self.y[np.ix_(some, days)].reshape(-1) if days[-1] <= self.now else None
        return Rows(frame.astype(np.float32), baseline.reshape(-1), actual)

    def examples(self, week: int, n_rows: int, settings: dict, rng: np.random.Generator) -> Rows:
        """At most n_rows of all origins a week apart whose week ahead is known."""
        origins = np.arange(self.now - WEEK * week, LEAST - 1, -WEEK)
        n_series = max(n_rows // WEEK // max(len(origins), 1), 1)
        parts = []
        for origin in origins:
            old = np.flatnonzero(np.isfinite(self.y[:, origin - LEAST + 1]))
            some = np.sort(rng.permutation(old)[:n_series])
            parts.append(self.rows(origin, week, some, settings))
        return Rows(
            pd.concat([part.features for part in parts], ignore_index=True),
            np.concatenate([part.baseline for part in parts]),
            np.concatenate([part.y for part in parts]),
        )


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """Over the first axis; NaN where nothing is known."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(count, np.where(known, values, 0).sum(axis=0) / np.maximum(count, 1), np.nan)
