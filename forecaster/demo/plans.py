"""Plans: prices and promotions, when they were made, and what they do to demand.

One rule says which price holds: of the plans that cover a day, the one recorded last. A regular
price is open-ended (`valid_to` is null) and holds until a later plan; a price cut ends by itself
and the regular price returns.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecaster.demo.catalogue import CATEGORIES, Catalogue
from forecaster.demo.shop import Shop

_KINDS = ("display", "mailer", "markdown")
_VISIBILITY = {"display": (1.15, 1.50), "mailer": (1.10, 1.35), "markdown": (1.00, 1.12)}
# name of the occasion, days from the holiday, length in days, categories that join
_OCCASIONS = (
    ("Black Friday", -4, 8, ("electronics", "toys", "home")),
    ("Christmas Day", -20, 15, ("toys", "grocery", "home")),
    ("Good Friday", -9, 10, ("grocery", "garden")),
    ("Mother's Day", -7, 7, ("home", "garden")),
    ("Summer sale", 0, 14, ("garden", "sports")),
    ("Back to school", 0, 12, ("electronics", "home")),
)
_OPEN = np.iinfo(np.int32).max
"""The end of a plan without an end."""

_FIXED = {"Summer sale": "07-04", "Back to school": "08-20"}


@dataclass(frozen=True)
class Plans:
    """Plans with day indices, and what came of them as grids `(items, locations, days)`.

    `promotion` holds the row of `promotions` that applies on a day, -1 for none; `uplift` is
    what it multiplies demand by, its discount included. `reference` is `(items, locations)`.
    """

    prices: pd.DataFrame
    promotions: pd.DataFrame
    reference: np.ndarray
    price: np.ndarray
    promotion: np.ndarray
    discount: np.ndarray
    uplift: np.ndarray


def plan_category_promotions(rng: np.random.Generator, shop: Shop) -> pd.DataFrame:
    """Promotions of whole categories before occasions: mailers with a small discount."""
    plans = _PromotionList(rng, shop)
    for _, start, length, categories in _occasions(shop):
        for category in categories:
            if rng.random() < 0.5:
                location = int(rng.integers(0, len(shop.scale))) if rng.random() < 0.3 else -1
                index = [c.name for c in CATEGORIES].index(category)
                discount = rng.uniform(0.05, 0.15)
                plans.add((-1, index), location, start, length, discount=discount, kind=1)
    return plans.frame("PC")


def plan(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    shape: np.ndarray,
    *,
    category_promotions: pd.DataFrame,
    first_promotion: int = 0,
) -> Plans:
    """Prices and promotions where a shop puts them: before occasions, and on slow stock.

    `shape` is the items' season and life, `(items, days)`: what the shop sees as selling slowly.
    """
    slow = _slow_moments(rng, shop, catalogue, shape)
    reference, price, prices = _plan_prices(rng, shop, catalogue, slow)
    of_items = _plan_item_promotions(rng, shop, catalogue, slow, first_promotion)
    promotions = pd.concat([category_promotions, of_items], ignore_index=True)
    promotion = _winning(shop, catalogue, promotions)
    # -1, no promotion, is the last element: no discount, seen as ever.
    discount = np.append(promotions["discount"].to_numpy(), 0.0)[promotion]
    visibility = np.append(promotions["visibility"].to_numpy(), 1.0)[promotion]
    uplift = visibility * (1 - discount) ** catalogue.elasticity[:, None, None]
    return Plans(prices, promotions, reference, price, promotion, discount, uplift)


def price_table(shop: Shop, catalogue: Catalogue, plans: Plans) -> pd.DataFrame:
    """Raw price plans: what was recorded by now, one row for every record of a plan."""
    table = plans.prices
    # Plans recorded on one day keep their order, so that "recorded last" has one answer.
    minute = table.groupby(["item", "location"]).cumcount().to_numpy()
    known = _recorded(shop, table["known_day"].to_numpy(), 8 * 60 + minute)
    end = table["end"].to_numpy()
    frame = pd.DataFrame(
        {
            "item_id": catalogue.items["item_id"].to_numpy()[table["item"]],
            "location_id": shop.locations["location_id"].to_numpy()[table["location"]],
            "valid_from": _date(shop, table["start"].to_numpy()),
            "valid_to": np.where(
                end == _OPEN, np.datetime64("NaT"), _date(shop, np.where(end == _OPEN, 0, end))
            ),
            "price": np.round(table["price"].to_numpy(), 2),
            "known_at": known,
            "is_revision": table["is_revision"].to_numpy(),
        }
    )
    return frame[known < shop.as_of].reset_index(drop=True)


def promotion_table(
    rng: np.random.Generator, shop: Shop, catalogue: Catalogue, promotions: pd.DataFrame
) -> pd.DataFrame:
    """Raw promotions recorded by now; one in twelve has an earlier record that was revised."""
    table = promotions.assign(is_revision=rng.random(len(promotions)) < 1 / 12)
    revised = table[table["is_revision"]]
    # What holds is the later record, so an earlier one is added and not a later.
    earlier = revised.assign(
        discount=np.round(np.clip(revised["discount"] + 0.05, 0.05, 0.6), 2),
        known_day=revised["known_day"] - rng.integers(5, 21, len(revised)),
        is_revision=False,
    )
    table = pd.concat([table, earlier], ignore_index=True)
    known = _recorded(shop, table["known_day"].to_numpy(), 10 * 60)
    item, category, location = (table[name].to_numpy() for name in ("item", "category", "location"))
    ids = np.array([*catalogue.items["item_id"], None], dtype=object)
    names = np.array([c.name for c in CATEGORIES] + [None], dtype=object)
    places = np.array([*shop.locations["location_id"], None], dtype=object)
    frame = pd.DataFrame(
        {
            "promotion_id": table["promotion_id"],
            "starts_on": _date(shop, table["start"].to_numpy()),
            "ends_on": _date(shop, table["end"].to_numpy()),
            "item_id": ids[item],  # -1 is the None at the end
            "category": names[category],
            "location_id": places[location],
            "discount": table["discount"],
            "kind": table["kind"],
            "known_at": known,
            "is_revision": table["is_revision"],
        }
    )
    return frame[known < shop.as_of].sort_values(["known_at", "promotion_id"], ignore_index=True)


def _date(shop: Shop, day: np.ndarray) -> np.ndarray:
    return (shop.dates[0] + day).astype("datetime64[s]")


def _recorded(shop: Shop, day: np.ndarray, minute: np.ndarray | int) -> np.ndarray:
    return _date(shop, day) + np.asarray(minute).astype("timedelta64[m]")


def _occasions(shop: Shop) -> list[tuple[str, int, int, tuple[str, ...]]]:
    """Name, first day, length and categories of every occasion within the simulated days."""
    found: list[tuple[str, int, int, tuple[str, ...]]] = []
    years = range(int(str(shop.dates[0])[:4]), int(str(shop.dates[-1])[:4]) + 1)
    for name, offset, length, categories in _OCCASIONS:
        if name in _FIXED:
            days = {shop.day_of(np.datetime64(f"{year}-{_FIXED[name]}")) for year in years}
        else:
            rows = shop.holidays[shop.holidays["name"] == name]
            # One occasion a year: the first region's date stands for all.
            firsts = rows.groupby(rows["ds"].dt.year)["ds"].min()
            days = {shop.day_of(np.datetime64(ds, "D")) for ds in firsts}
        for day in sorted(days):
            if day + offset >= 0 and day + offset + length <= len(shop.dates):
                found.append((name, day + offset, length, categories))
    return found


def _slow_moments(
    rng: np.random.Generator, shop: Shop, catalogue: Catalogue, shape: np.ndarray
) -> list[tuple[int, int]]:
    """(item, day) at which the shop finds an item selling slowly, looked at every four weeks."""
    usual = np.array([row[row > 0].mean() if (row > 0).any() else 1.0 for row in shape])
    found = []
    for day in range(14, len(shop.dates) - 21, 28):
        alive = (catalogue.launch_day + 90 < day) & (catalogue.end_day > day + 21)
        is_slow = shape[:, day] < 0.85 * usual
        for item in np.flatnonzero(alive & is_slow & (rng.random(len(catalogue)) < 0.35)):
            found.append((int(item), day))
    return found


def _lead(rng: np.random.Generator, is_planned_early: bool) -> int:
    """Days from the record of a plan to its start: longer than a horizon, mostly."""
    if is_planned_early:
        return int(rng.integers(45, 100))
    return int(rng.integers(4, 15)) if rng.random() < 0.2 else int(rng.integers(30, 60))


def _price(value: np.ndarray | float) -> np.ndarray:
    """A price as it stands on a label: two decimals, ending in nine."""
    return np.maximum(np.round(value, 1), 0.2) - 0.01


def _plan_prices(
    rng: np.random.Generator, shop: Shop, catalogue: Catalogue, slow: list[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Reference prices, the prices that hold, and the plans, in the order they were made."""
    dearness = rng.normal(1.0, 0.03, (len(catalogue), len(shop.scale)))
    reference = _price(catalogue.list_price[:, None] * dearness)
    clearances = defaultdict(list)
    for item, day in slow:
        if rng.random() < 0.5:
            clearances[item].append(day)
    occasions = [start for _, start, _, _ in _occasions(shop)]
    plans = _PriceList(rng, reference)
    for item in range(len(catalogue)):
        first = int(catalogue.launch_day[item])
        last = int(min(catalogue.end_day[item], len(shop.dates)))
        levels = _regular_levels(rng, first, last)
        for start, level in levels:
            is_first = start == first
            known = start - (90 if is_first else int(rng.integers(60, 120)))
            plans.add(item, plans.everywhere, start, _OPEN, level=level, known=known)
        joined = [day for day in occasions if rng.random() < 0.15]
        for start in sorted(joined + clearances[item]):
            if first + 30 < start < last - 25:
                level = [level for day, level in levels if day <= start][-1]
                level *= 1 - rng.uniform(0.08, 0.28)
                places = np.flatnonzero(rng.random(len(shop.scale)) < 0.7)
                known = start - _lead(rng, start in occasions)
                end = start + int(rng.integers(9, 21))
                plans.add(item, places, start, end, level=level, known=known)
    table = plans.frame()
    return reference, _paint(reference, len(shop.dates), table), table


def _regular_levels(rng: np.random.Generator, first: int, last: int) -> list[tuple[int, float]]:
    """Days on which the regular price changes, and its level relative to the reference."""
    levels = [(first, 1.0)]
    day = max(first, 0) + int(rng.integers(60, 240))
    while day < last:
        step = rng.choice([0.94, 1.02, 1.03, 1.05, 1.08], p=[0.2, 0.2, 0.25, 0.2, 0.15])
        levels.append((day, levels[-1][1] * step))
        day += int(rng.integers(140, 300))
    return levels


class _PriceList:
    """Collects price plans, each for some locations; one in twelve is revised before it starts."""

    def __init__(self, rng: np.random.Generator, reference: np.ndarray) -> None:
        self.rng = rng
        self.reference = reference
        self.everywhere = np.arange(reference.shape[1])
        self.rows: list[tuple] = []

    def add(
        self, item: int, places: np.ndarray, start: int, end: int, *, level: float, known: int
    ) -> None:
        prices = _price(self.reference[item, places] * level)
        self._record(item, places, (start, end), (prices, known, False))
        notice = start - known
        if notice > 8 and level != 1.0 and self.rng.random() < 1 / 12:
            prices = _price(prices * self.rng.choice([0.95, 1.04]))
            known += int(self.rng.integers(3, notice - 2))
            self._record(item, places, (start, end), (prices, known, True))

    def frame(self) -> pd.DataFrame:
        names = ["item", "location", "start", "end", "price", "known_day", "is_revision"]
        frame = pd.DataFrame(self.rows, columns=names)
        return frame.sort_values(["item", "known_day"], kind="stable", ignore_index=True)

    def _record(self, item: int, places: np.ndarray, days: tuple[int, int], plan: tuple) -> None:
        prices, known, is_revision = plan
        for place, price in zip(places, prices, strict=True):
            self.rows.append((item, place, *days, price, known, is_revision))


def _paint(reference: np.ndarray, n_days: int, table: pd.DataFrame) -> np.ndarray:
    """The price that holds on each day, from the plans alone and by their one rule."""
    grid = np.repeat(reference[:, :, None], n_days, axis=2)
    columns = ("item", "location", "start", "end", "price")
    item, place, start, end, price = (table[name].to_numpy() for name in columns)
    stop = np.where(end == _OPEN, n_days, np.minimum(end + 1, n_days))
    start = np.maximum(start, 0)
    for i in range(len(table)):
        grid[item[i], place[i], start[i] : stop[i]] = price[i]
    return grid


class _PromotionList:
    """Collects promotions; the target is (item, -1) or (-1, category), location -1 is all."""

    def __init__(self, rng: np.random.Generator, shop: Shop) -> None:
        self.rng = rng
        self.n_days = len(shop.dates)
        self.rows: list[tuple] = []

    def add(
        self,
        target: tuple[int, int],
        location: int,
        start: int,
        length: int,
        *,
        discount: float,
        kind: int,
    ) -> None:
        name = _KINDS[kind]
        known = start - _lead(self.rng, is_planned_early=name != "markdown")
        end = min(start + length, self.n_days) - 1
        visibility = self.rng.uniform(*_VISIBILITY[name])
        self.rows.append(
            (*target, location, start, end, round(discount, 2), name, known, visibility)
        )

    def frame(self, prefix: str, first: int = 0) -> pd.DataFrame:
        names = ["item", "category", "location", "start", "end", "discount", "kind"]
        frame = pd.DataFrame(self.rows, columns=[*names, "known_day", "visibility"])
        ids = [f"{prefix}{first + i + 1:06d}" for i in range(len(frame))]
        return frame.assign(promotion_id=ids)


def _plan_item_promotions(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    slow: list[tuple[int, int]],
    first: int,
) -> pd.DataFrame:
    plans = _PromotionList(rng, shop)
    n_places = len(shop.scale)

    def somewhere() -> int:
        return int(rng.integers(0, n_places)) if rng.random() < 0.5 else -1

    for _, start, length, categories in _occasions(shop):
        joins = np.array([CATEGORIES[c].name in categories for c in catalogue.category])
        alive = (catalogue.launch_day + 14 < start) & (catalogue.end_day > start + length)
        chance = np.where(joins, 0.35, 0.08)
        for item in np.flatnonzero(alive & (rng.random(len(catalogue)) < chance)).tolist():
            kind = int(rng.choice([0, 1], p=[0.7, 0.3]))
            discount = rng.uniform(0.1, 0.3)
            plans.add((item, -1), somewhere(), start, length, discount=discount, kind=kind)
    for item, day in slow:
        if rng.random() < 0.6:
            start = day + int(rng.integers(0, 7))
            discount = rng.uniform(0.15, 0.4)
            plans.add((item, -1), somewhere(), start, 14, discount=discount, kind=2)
    return plans.frame("PI", first)


def _winning(shop: Shop, catalogue: Catalogue, promotions: pd.DataFrame) -> np.ndarray:
    """The promotion that applies, `(items, locations, days)`: the deepest one, -1 for none."""
    grid = np.full((len(catalogue), len(shop.scale), len(shop.dates)), -1, dtype=np.int32)
    order = np.argsort(promotions["discount"].to_numpy(), kind="stable")
    columns = ("item", "category", "location", "start", "end")
    item, category, location, start, end = (promotions[name].to_numpy() for name in columns)
    for row in order:
        days = slice(start[row], end[row] + 1)
        place = slice(None) if location[row] < 0 else slice(location[row], location[row] + 1)
        if item[row] >= 0:
            grid[item[row], place, days] = row
        else:
            grid[catalogue.category == category[row], place, days] = row
    return grid
