"""Periods by their first days, which for weeks may be any day of the week."""

from __future__ import annotations

import datetime as dt


def back(day: dt.date, frequency: str, n: int) -> dt.date:
    """The first day of the period `n` before the one that begins on `day`."""
    if frequency == "month":
        months = day.year * 12 + day.month - 1 - n
        return dt.date(months // 12, months % 12 + 1, 1)
    return day - dt.timedelta(days=n * (7 if frequency == "week" else 1))


def between(first: dt.date, last: dt.date, frequency: str) -> int:
    """How many periods the one that begins on `last` is after that of `first`."""
    if frequency == "month":
        return (last.year - first.year) * 12 + last.month - first.month
    return (last - first).days // (7 if frequency == "week" else 1)


def axis(first: dt.date, last: dt.date, horizon: int, frequency: str) -> list[str]:
    """The first day of every period from `first` to the end of the horizon."""
    n = between(first, last, frequency) + horizon + 1
    return [back(first, frequency, -step).isoformat() for step in range(n)]
