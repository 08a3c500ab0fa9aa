"""The shop: its locations, its calendar of holidays, and the days it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecaster.demo import clock
from forecaster.demo.size import HISTORY_END, Size

# location_id, warehouse_id, region, time_zone, share of the first location's demand
_LOCATIONS = [
    ("BER-1", "WH-NORTH", "DE", "Europe/Berlin", 1.00),
    ("LON-1", "WH-WEST", "GB", "Europe/London", 0.85),
    ("LIS-1", "WH-SOUTH", "PT", "Europe/Lisbon", 0.60),
    ("HAM-1", "WH-NORTH", "DE", "Europe/Berlin", 0.70),
    ("MUC-1", "WH-NORTH", "DE", "Europe/Berlin", 0.80),
    ("MAN-1", "WH-WEST", "GB", "Europe/London", 0.55),
    ("OPO-1", "WH-SOUTH", "PT", "Europe/Lisbon", 0.40),
    ("LON-2", "WH-WEST", "GB", "Europe/London", 0.65),
    ("BER-2", "WH-NORTH", "DE", "Europe/Berlin", 0.50),
    ("LIS-2", "WH-SOUTH", "PT", "Europe/Lisbon", 0.35),
]
_CLOSED_ON_SUNDAYS = "BER-1"
# Where public holidays other than Christmas and New Year close the shops too.
_HOLIDAYS_KEPT_IN = "DE"

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Shop:
    """Places and calendar; grids are `(locations, days)`, `starts` is `(days + 1,)` in UTC."""

    size: Size
    dates: np.ndarray
    starts: np.ndarray
    as_of: np.datetime64
    locations: pd.DataFrame
    holidays: pd.DataFrame
    closures: pd.DataFrame
    scale: np.ndarray
    growth: np.ndarray
    holiday_lift: np.ndarray
    is_open: np.ndarray

    @property
    def n_days(self) -> int:
        """Complete days of history."""
        return self.size.n_days

    @property
    def weekday(self) -> np.ndarray:
        """Monday is 0, `(days,)`."""
        return (self.dates.astype(np.int64) + 3) % 7

    def day_of(self, date: np.datetime64) -> int:
        """Index of a date among the simulated days; may lie outside them."""
        return int((date - self.dates[0]) / _DAY)


def build_shop(rng: np.random.Generator, size: Size) -> Shop:
    """A shop of `size`, with its calendar up to the end of the plans."""
    dates = size.dates
    starts = clock.midnights(np.append(dates, dates[-1] + 1))
    rows = _LOCATIONS[: size.n_locations]
    scale = np.array([row[4] for row in rows])
    units = np.round(scale * size.n_items * 90, -2)
    locations = pd.DataFrame(
        [row[:4] for row in rows], columns=["location_id", "warehouse_id", "region", "time_zone"]
    ).assign(capacity_units=units, capacity_volume=np.round(units * 0.012, 1))
    holidays = _holidays(dates, sorted(set(locations["region"])))
    closures = _closures(dates, locations, holidays)
    return Shop(
        size=size,
        dates=dates,
        starts=starts,
        as_of=clock.midnights(np.array([HISTORY_END + 1]))[0] + np.timedelta64(12, "h"),
        locations=locations,
        holidays=holidays,
        closures=closures,
        scale=scale,
        growth=rng.normal(0.03, 0.04, size=len(rows)),
        holiday_lift=_holiday_lift(dates, locations, holidays),
        is_open=_is_open(dates, locations, closures),
    )


def easter(year: int) -> np.datetime64:
    """Easter Sunday of a year (the anonymous Gregorian computus)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    leap, odd = divmod(century, 4)
    shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - shift + 15) % 30
    quarter, left = divmod(rest, 4)
    weekday = (32 + 2 * odd + 2 * quarter - epact - left) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return np.datetime64(f"{year}-{month:02d}-{day + 1:02d}")


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> np.datetime64:
    """The nth (from 0; -1 is the last) weekday of a month."""
    first = np.datetime64(f"{year}-{month:02d}")
    days = np.arange(first.astype("datetime64[D]"), (first + 1).astype("datetime64[D]"))
    return days[(days.astype(np.int64) + 3) % 7 == weekday][nth]


def _year_of_holidays(year: int, region: str) -> Iterator[tuple[np.datetime64, str, str]]:
    def on(month_day: str) -> np.datetime64:
        return np.datetime64(f"{year}-{month_day}")

    sunday = easter(year)
    yield on("01-01"), "New Year's Day", "public"
    yield sunday - 2, "Good Friday", "public"
    yield sunday + 1, "Easter Monday", "public"
    yield on("12-25"), "Christmas Day", "public"
    yield on("12-26"), "Boxing Day" if region == "GB" else "Second Day of Christmas", "public"
    yield on("02-14"), "Valentine's Day", "commercial"
    yield _nth_weekday(year, 11, 3, 3) + 1, "Black Friday", "commercial"
    if region == "GB":
        yield sunday - 21, "Mother's Day", "commercial"
        yield _nth_weekday(year, 5, 0, 0), "Early May Bank Holiday", "public"
        yield _nth_weekday(year, 5, 0, -1), "Spring Bank Holiday", "public"
        yield _nth_weekday(year, 8, 0, -1), "Summer Bank Holiday", "public"
    elif region == "DE":
        yield _nth_weekday(year, 5, 6, 1), "Mother's Day", "commercial"
        yield on("05-01"), "Labour Day", "public"
        yield sunday + 39, "Ascension Day", "public"
        yield sunday + 50, "Whit Monday", "public"
        yield on("10-03"), "German Unity Day", "public"
    else:
        yield _nth_weekday(year, 5, 6, 0), "Mother's Day", "commercial"
        yield on("04-25"), "Freedom Day", "public"
        yield on("05-01"), "Labour Day", "public"
        yield on("06-10"), "Portugal Day", "public"
        yield on("08-15"), "Assumption Day", "public"
        yield on("10-05"), "Republic Day", "public"
        yield on("12-01"), "Restoration of Independence", "public"


def _holidays(dates: np.ndarray, regions: list[str]) -> pd.DataFrame:
    first, last = (int(str(date)[:4]) for date in (dates[0], dates[-1]))
    rows = [
        (ds, name, region, kind)
        # One year more, so that what stands just after the plans casts its shadow into them.
        for year in range(first, last + 2)
        for region in regions
        for ds, name, kind in _year_of_holidays(year, region)
        if ds >= dates[0]
    ]
    frame = pd.DataFrame(rows, columns=["ds", "name", "region", "kind"])
    return frame.sort_values(["ds", "region"], ignore_index=True)


def _closures(dates: np.ndarray, locations: pd.DataFrame, holidays: pd.DataFrame) -> pd.DataFrame:
    rows: list[tuple[np.datetime64, str, str, str]] = []
    for place in locations.itertuples():
        here = holidays[(holidays["region"] == place.region) & (holidays["kind"] == "public")]
        if place.region != _HOLIDAYS_KEPT_IN:
            here = here[here["name"].isin(["Christmas Day", "New Year's Day"])]
        days = here["ds"].to_numpy().astype("datetime64[D]")
        rows += [
            (ds, name, place.location_id, "holiday")
            for ds, name in zip(days, here["name"], strict=True)
            if ds <= dates[-1]
        ]
        if place.location_id == _CLOSED_ON_SUNDAYS:
            sundays = dates[(dates.astype(np.int64) + 3) % 7 == 6]
            rows += [(ds, "Sunday", place.location_id, "weekly") for ds in sundays]
        else:
            counted = [ds for ds in dates if str(ds)[5:] == "01-15"]
            rows += [(ds, "Stocktaking", place.location_id, "stocktaking") for ds in counted]
    frame = pd.DataFrame(rows, columns=["ds", "name", "location_id", "kind"])
    frame = frame.drop_duplicates(["ds", "location_id"])  # a holiday on a Sunday closes once
    return frame.sort_values(["ds", "location_id"], ignore_index=True)


def _lift_around(name: str, kind: str) -> dict[int, float]:
    """Demand relative to an ordinary day, by days from the holiday."""
    if name == "Christmas Day":
        return {-k: 1 + 0.8 * ((25 - k) / 24) ** 1.5 for k in range(1, 25)}
    if name == "Black Friday":
        return {-3: 1.1, -2: 1.15, -1: 1.3, 0: 2.0, 1: 1.6, 2: 1.4, 3: 1.5}
    if name == "Good Friday":
        return {-k: 1 + 0.4 * (9 - k) / 8 for k in range(1, 9)}
    if kind == "commercial":
        return {-4: 1.08, -3: 1.15, -2: 1.25, -1: 1.3, 0: 1.15}
    return {-2: 1.08, -1: 1.22, 0: 1.15}


def _holiday_lift(dates: np.ndarray, locations: pd.DataFrame, holidays: pd.DataFrame) -> np.ndarray:
    lift = np.ones((len(locations), len(dates)))
    days = holidays["ds"].to_numpy().astype("datetime64[D]")
    regions = locations["region"].to_numpy()
    for ds, name, region, kind in zip(
        days, holidays["name"], holidays["region"], holidays["kind"], strict=True
    ):
        places = np.flatnonzero(regions == region)
        for offset, factor in _lift_around(name, kind).items():
            day = int((ds - dates[0]) / _DAY) + offset
            if 0 <= day < len(dates):
                lift[places, day] = np.maximum(lift[places, day], factor)
    return lift


def _is_open(dates: np.ndarray, locations: pd.DataFrame, closures: pd.DataFrame) -> np.ndarray:
    is_open = np.ones((len(locations), len(dates)), dtype=bool)
    place = pd.Index(locations["location_id"]).get_indexer(closures["location_id"])
    day = (closures["ds"].to_numpy().astype("datetime64[D]") - dates[0]).astype(np.int64)
    is_open[place, day] = False
    return is_open
