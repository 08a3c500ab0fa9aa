"""Time: the business day, and timestamps as text the way a shop exports them."""

from __future__ import annotations

import numpy as np
import pandas as pd

BUSINESS_TIME_ZONE = "Europe/Berlin"
"""A day of demand is a calendar day here, whatever the zone of the location that took the order."""

# Orders by hour of the business day: quiet nights, a lunch peak, a higher evening one.
HOURLY = np.array(
    [1.0, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 2, 3.5, 4.5, 5, 5.5]
    + [6, 5.5, 4.5, 4.5, 5, 6, 7, 8, 8, 6.5, 4, 2.2]
)


def midnights(dates: np.ndarray) -> np.ndarray:
    """UTC instants at which business days start, `(days,)` of datetime64[s]."""
    local = pd.DatetimeIndex(dates.astype("datetime64[s]")).tz_localize(BUSINESS_TIME_ZONE)
    return local.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")


def draw_instants(rng: np.random.Generator, day: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """UTC instants within business days `day` (indices into `starts`), shape of `day`.

    Drawn as a share of the day, so that days of 23 and 25 hours need no case of their own.
    """
    hour = rng.choice(24, size=day.shape, p=HOURLY / HOURLY.sum())
    share = (hour + rng.random(day.shape)) / 24
    seconds = (starts[day + 1] - starts[day]).astype(np.int64)
    return starts[day] + np.floor(share * seconds).astype("timedelta64[s]")


def draw_loaded(
    rng: np.random.Generator, instants: np.ndarray, closes: np.ndarray, minutes: float = 40.0
) -> np.ndarray:
    """When rows reach the warehouse: some minutes after `instants`, before their day closes.

    The shop's loader runs a last time just before midnight, so a row that is not late on
    purpose is always known when its day closes.
    """
    lag = rng.exponential(minutes * 60, size=instants.shape).astype("timedelta64[s]")
    room = (closes - instants).astype(np.int64)
    last_run = instants + (rng.random(instants.shape) * room).astype("timedelta64[s]")
    return np.where(instants + lag < closes, instants + lag, last_run)


def iso_utc(instants: np.ndarray) -> np.ndarray:
    """UTC instants as ISO 8601 text ending in Z."""
    text = np.datetime_as_string(instants.astype("datetime64[s]"), unit="s")
    return np.char.add(text, "Z").astype(object)


def iso_local(instants: np.ndarray, location: np.ndarray, zones: list[str]) -> np.ndarray:
    """UTC instants as ISO 8601 text with the offset of each row's location (index into `zones`)."""
    text = np.empty(instants.shape, dtype=object)
    for index, zone in enumerate(zones):
        rows = np.flatnonzero(location == index)
        utc = instants[rows].astype("datetime64[s]")
        aware = pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(zone)
        local = aware.tz_localize(None).to_numpy().astype("datetime64[s]")
        hours = (local - utc).astype(np.int64) // 3600
        labels, inverse = np.unique(hours, return_inverse=True)
        offsets = np.array([f"{hour:+03d}:00" for hour in labels])
        if len(rows):
            stamp = np.datetime_as_string(local, unit="s")
            text[rows] = np.char.add(stamp, offsets[inverse]).astype(object)
    return text
