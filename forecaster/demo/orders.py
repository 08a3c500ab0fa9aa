"""Orders: what was sold, split into lines of baskets that people placed at some moment.

Lines travel as a frame of indices and UTC instants (`item`, `location`, `customer`, `ordered`,
`close`, `loaded`, …) and become the raw table, all text and offsets, only at the end.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecaster.demo import clock
from forecaster.demo.catalogue import Catalogue
from forecaster.demo.customers import Customers, draw_shoppers
from forecaster.demo.plans import Plans
from forecaster.demo.shop import Shop

LOOK_AHEAD = 8
"""Days of orders drawn beyond the history: what is viewed today is bought after it."""

_ANOTHER_LINE = 0.72
_ANOTHER_BASKET = 0.6
_NEVER = np.datetime64("NaT", "s")


def draw_lines(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    customers: Customers,
    *,
    plans: Plans,
    sold: np.ndarray,
) -> pd.DataFrame:
    """Order lines that add up to `sold` on every day, some of them beyond the history."""
    item, location, day = np.nonzero(sold[:, :, : shop.n_days + LOOK_AHEAD])
    units = sold[item, location, day]
    cell = np.repeat(np.arange(len(units)), units)
    starts_line = (np.diff(cell, prepend=-1) > 0) | (rng.random(len(cell)) < _ANOTHER_LINE)
    quantity = np.bincount(np.cumsum(starts_line) - 1)
    cell = cell[starts_line]
    item, location, day = item[cell], location[cell], day[cell]

    # Neighbours in this order share baskets: the same place and day, and mostly a category.
    category = catalogue.category[item]
    order = np.lexsort((rng.random(len(item)), category, location, day))
    item, location, day, quantity = item[order], location[order], day[order], quantity[order]
    starts_basket = (
        (np.diff(day, prepend=-1) != 0)
        | (np.diff(location, prepend=-1) != 0)
        | (np.diff(item, prepend=-1) == 0)
        | (rng.random(len(item)) < _ANOTHER_BASKET)
    )
    first = np.flatnonzero(starts_basket)
    basket = np.cumsum(starts_basket) - 1
    ordered = clock.draw_instants(rng, day[first], shop.starts)
    shopper = draw_shoppers(
        rng, customers, location[first], day[first], catalogue.category[item[first]]
    )
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(ordered, kind="stable")] = np.arange(len(first))
    close = shop.starts[day + 1]
    frame = pd.DataFrame(
        {
            "order_id": number[basket],
            "line_number": np.arange(len(item)) - first[basket] + 1,
            "item": item,
            "location": location,
            "day": day,
            "customer": shopper[basket],
            "quantity": quantity,
            "unit_price": plans.price[item, location, day],
            "discount": plans.discount[item, location, day],
            "ordered": ordered[basket],
            "close": close,
            "cancelled": np.full(len(item), _NEVER),
            "returned_order_id": None,
        }
    )
    # A basket is loaded as a whole.
    loaded = clock.draw_loaded(rng, ordered, close[first])
    frame["loaded"] = loaded[basket]
    frame = frame.sort_values(["order_id", "line_number"], ignore_index=True)
    frame["order_id"] = [f"O{n + 1:07d}" for n in frame["order_id"]]
    return frame


def draw_cancelled_at_once(
    rng: np.random.Generator, lines: pd.DataFrame, rate: float
) -> pd.DataFrame:
    """Orders that were cancelled before their day closed: on top of what was sold."""
    extra = lines.sample(max(3, round(rate * len(lines))), random_state=rng).copy()
    ordered, close = (extra[name].to_numpy() for name in ("ordered", "close"))
    room = (close - ordered).astype(np.int64)
    cancelled = ordered + (rng.uniform(0.05, 0.7, len(extra)) * room).astype("timedelta64[s]")
    extra["order_id"] = [f"K{n + 1:06d}" for n in range(len(extra))]
    extra["line_number"] = 1
    extra["cancelled"] = cancelled
    extra["loaded"] = clock.draw_loaded(rng, cancelled, close, minutes=10)
    return extra


def draw_cancelled_later(
    rng: np.random.Generator, lines: pd.DataFrame, rows: np.ndarray, last: np.datetime64
) -> pd.DataFrame:
    """Second records of `rows`: cancelled days after, so still demand of the day of the order."""
    record = lines.loc[rows].copy()
    wait = rng.uniform(0.2, 6, len(rows)) * 86400
    cancelled = record["close"].to_numpy() + wait.astype("timedelta64[s]")
    record["cancelled"] = cancelled
    record["loaded"] = cancelled + rng.integers(60, 7200, len(rows)).astype("timedelta64[s]")
    return record[record["loaded"].to_numpy() < last]


def draw_returns(
    rng: np.random.Generator, shop: Shop, lines: pd.DataFrame, rate: float
) -> pd.DataFrame:
    """Return lines: a negative quantity, and the order that it takes back."""
    back = lines.sample(max(3, round(rate * len(lines))), random_state=rng).copy()
    day = back["day"].to_numpy() + rng.integers(2, 25, len(back))
    back, day = back[day <= shop.n_days], day[day <= shop.n_days]
    back["returned_order_id"] = back["order_id"].to_numpy()
    back["order_id"] = [f"R{n + 1:06d}" for n in range(len(back))]
    back["line_number"] = 1
    back["quantity"] = -np.minimum(rng.integers(1, 3, len(back)), back["quantity"].to_numpy())
    back["day"] = day
    back["ordered"] = clock.draw_instants(rng, day, shop.starts)
    back["close"] = shop.starts[day + 1]
    back["loaded"] = clock.draw_loaded(rng, back["ordered"].to_numpy(), back["close"].to_numpy())
    return back[back["loaded"].to_numpy() < shop.as_of]


def orders_table(
    shop: Shop, catalogue: Catalogue, customers: Customers, lines: pd.DataFrame
) -> pd.DataFrame:
    """Lines as the shop exports them: ids, and text for whatever a file could spoil."""
    zones = list(shop.locations["time_zone"])
    location = lines["location"].to_numpy()
    cancelled = lines["cancelled"].to_numpy()
    is_cancelled = ~np.isnat(cancelled)
    cancelled_at = np.full(len(lines), None, dtype=object)
    cancelled_at[is_cancelled] = clock.iso_local(
        cancelled[is_cancelled], location[is_cancelled], zones
    )
    ids = np.array([*customers.table["customer_id"], None], dtype=object)
    return pd.DataFrame(
        {
            "order_id": lines["order_id"].to_numpy(),
            "line_number": lines["line_number"].to_numpy(),
            "ordered_at": clock.iso_local(lines["ordered"].to_numpy(), location, zones),
            "item_id": catalogue.items["item_id"].to_numpy()[lines["item"]],
            "location_id": shop.locations["location_id"].to_numpy()[location],
            "customer_id": ids[lines["customer"]],  # -1, anonymous, is the None at the end
            "quantity": lines["quantity"].to_numpy().astype(str).astype(object),
            "unit_price": np.round(lines["unit_price"].to_numpy(), 2),
            "discount": lines["discount"].to_numpy(),
            "currency": "EUR",
            "is_cancelled": is_cancelled,
            "cancelled_at": cancelled_at,
            "returned_order_id": lines["returned_order_id"].to_numpy(),
            "loaded_at": clock.iso_utc(lines["loaded"].to_numpy()),
        }
    )
