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
                plans.add(-1, index, location, start, length, rng.uniform(0.05, 0.15), 1)
    return plans.frame("PC")


def plan(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    shape: np.ndarray,
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
            "valid_to": np.where(end < 0, np.datetime64("NaT"), _date(shop, end)),
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
    ids = np.append(catalogue.items["item_id"].to_numpy(), None)
    names = np.array([c.name for c in CATEGORIES] + [None], dtype=object)
    places = np.append(shop.locations["location_id"].to_numpy(), None)
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
    found = []
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
    n_days = len(shop.dates)
    n_places = len(shop.scale)
    dearness = rng.normal(1.0, 0.03, (len(catalogue), n_places))
    reference = _price(catalogue.list_price[:, None] * dearness)
    grid = np.repeat(reference[:, :, None], n_days, axis=2)
    moments = defaultdict(list)
    for item, day in slow:
        if rng.random() < 0.5:
            moments[item].append(day)
    occasions = [start for _, start, _, _ in _occasions(shop)]
    rows: dict[str, list[np.ndarray]] = defaultdict(list)

    def record(item: int, places: np.ndarray, days: tuple[int, int], price: np.ndarray,
               known_day: int, is_revision: bool = False) -> None:  # fmt: skip
        start, end = days
        values = (item, places, start, end, price, known_day, is_revision)
        names = ("item", "location", "start", "end", "price", "known_day", "is_revision")
        for name, value in zip(names, values, strict=True):
            rows[name].append(np.broadcast_to(value, places.shape))

    everywhere = np.arange(n_places)
    for item in range(len(catalogue)):
        first = int(catalogue.launch_day[item])
        last = int(min(catalogue.end_day[item], n_days))
        level = 1.0
        # (known, start, end (-1: open), locations, level relative to the reference, revised from)
        planned = []
        day = max(first, 0) + int(rng.integers(60, 240))
        while day < last:
            level *= rng.choice([0.94, 1.02, 1.03, 1.05, 1.08], p=[0.2, 0.2, 0.25, 0.2, 0.15])
            planned.append((day - int(rng.integers(60, 120)), day, -1, everywhere, level))
            day += int(rng.integers(140, 300))
        cuts = [d for d in occasions if rng.random() < 0.15] + moments[item]
        for start in cuts:
            if first + 30 < start < last - 25:
                places = np.flatnonzero(rng.random(n_places) < 0.7)
                cut = 1 - rng.uniform(0.08, 0.28)
                early = start in occasions
                days = (start, start + int(rng.integers(10, 22)) - 1)
                planned.append((start - _lead(rng, early), *days, places, -cut))
        record(item, everywhere, (min(first, 0), -1), reference[item], min(first, 0) - 90)
        # Painted in the order in which plans were recorded: the last one over a day holds.
        for known, start, end, places, value in sorted(planned, key=lambda p: p[:3]):
            stop = n_days if end < 0 else min(end + 1, n_days)
            if value < 0:  # a cut is taken from the price that then holds
                price = _price(grid[item, places, start] * -value)
            else:
                price = _price(reference[item, places] * value)
            if not len(places):
                continue
            record(item, places, (start, end), price, known)
            if rng.random() < 0.08 and start - known > 8:
                known += int(rng.integers(3, start - known - 2))
                price = _price(price * rng.choice([0.95, 1.04]))
                record(item, places, (start, end), price, known, True)
            grid[item, places, start:stop] = price[:, None]
    table = pd.DataFrame({name: np.concatenate(parts) for name, parts in rows.items()})
    return reference, _repaint(grid, table), table


def _repaint(grid: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """The price that holds, from the table alone and by its rule, so that the two agree."""
    order = np.argsort(table["known_day"].to_numpy(), kind="stable")
    columns = ("item", "location", "start", "end", "price")
    item, place, start, end, price = (table[name].to_numpy()[order] for name in columns)
    n_days = grid.shape[2]
    stop = np.where(end < 0, n_days, np.minimum(end + 1, n_days))
    start = np.maximum(start, 0)
    for i in range(len(order)):
        grid[item[i], place[i], start[i] : stop[i]] = price[i]
    return grid


class _PromotionList:
    """Collects promotions row by row."""

    def __init__(self, rng: np.random.Generator, shop: Shop) -> None:
        self.rng = rng
        self.n_days = len(shop.dates)
        self.rows: list[tuple] = []

    def add(
        self, item: int, category: int, location: int, start: int, length: int,
        discount: float, kind: int,
    ) -> None:  # fmt: skip
        name = _KINDS[kind]
        known = start - _lead(self.rng, is_planned_early=name != "markdown")
        end = min(start + length, self.n_days) - 1
        visibility = self.rng.uniform(*_VISIBILITY[name])
        self.rows.append(
            (item, category, location, start, end, round(discount, 2), name, known, visibility)
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
        for item in np.flatnonzero(alive & (rng.random(len(catalogue)) < chance)):
            kind = int(rng.choice([0, 1], p=[0.7, 0.3]))
            plans.add(int(item), -1, somewhere(), start, length, rng.uniform(0.1, 0.3), kind)
    for item, day in slow:
        if rng.random() < 0.6:
            start = day + int(rng.integers(0, 7))
            plans.add(item, -1, somewhere(), start, 14, rng.uniform(0.15, 0.4), 2)
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
