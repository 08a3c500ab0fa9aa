"""Behaviour: what people viewed, put in the cart and bought, hours to days before they bought.

Every event belongs to an interest: one that ended in a purchase, one that found no stock, or
an idle one. So behaviour foretells purchases, and shows demand that sales do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecaster.demo import clock
from forecaster.demo.catalogue import Catalogue
from forecaster.demo.customers import Customers, draw_shoppers
from forecaster.demo.orders import LOOK_AHEAD
from forecaster.demo.shop import Shop

_TRACKED = 0.42
_HOUR = 3600.0
_LONGEST = 6 * 24 * _HOUR


@dataclass(frozen=True)
class _Habit:
    """Events that an interest leaves: mean views beyond the first, chances of the others."""

    more_views: float
    cart: float
    wishlist: float
    is_bought: bool


_BOUGHT = _Habit(1.0, 0.85, 0.06, True)
_LOST = _Habit(1.5, 0.50, 0.25, False)
_IDLE = _Habit(0.5, 0.12, 0.10, False)


def draw_events(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    customers: Customers,
    *,
    lines: pd.DataFrame,
    demand: np.ndarray,
    sold: np.ndarray,
) -> pd.DataFrame:
    """Events up to now as a frame of indices and UTC instants, in order of time."""
    tracked = lines[rng.random(len(lines)) < _TRACKED]
    n_days = shop.n_days + LOOK_AHEAD
    lost = np.maximum(demand - sold, 0)[:, :, :n_days]
    lost = rng.binomial(lost, _TRACKED)
    weights = np.sqrt(demand[:, :, :n_days].astype(float)).ravel()
    n_idle = round(0.35 * len(tracked))
    idle = np.bincount(
        rng.choice(weights.size, n_idle, p=weights / weights.sum()), minlength=weights.size
    ).reshape(lost.shape)
    parts = [
        _leave(rng, tracked, _BOUGHT),
        _leave(rng, _interests(rng, shop, catalogue, customers, lost), _LOST),
        _leave(rng, _interests(rng, shop, catalogue, customers, idle), _IDLE),
    ]
    # An interest is numbered across its kinds, so that anonymous ones do not share sessions.
    offset = 0
    for part in parts:
        part["interest"] += offset
        offset = int(part["interest"].max()) + 1 if len(part) else offset
    events = pd.concat(parts, ignore_index=True)
    occurred = events["occurred"].to_numpy()
    events = events[(occurred >= shop.starts[0]) & (occurred < shop.as_of)]
    events = events.sort_values(["occurred", "interest", "event_type"], ignore_index=True)
    return _join_sessions(events)


def events_table(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    customers: Customers,
    events: pd.DataFrame,
) -> pd.DataFrame:
    """Events as the tracker exports them; views have no quantity."""
    occurred = events["occurred"].to_numpy()
    close = shop.starts[np.searchsorted(shop.starts, occurred, "right")]
    loaded = clock.draw_loaded(rng, occurred, close, minutes=8)
    ids = np.array([*customers.table["customer_id"], None], dtype=object)
    return pd.DataFrame(
        {
            "event_id": [f"E{n + 1:08d}" for n in range(len(events))],
            "occurred_at": clock.iso_utc(occurred),
            "event_type": events["event_type"].to_numpy(),
            "item_id": catalogue.items["item_id"].to_numpy()[events["item"]],
            "customer_id": ids[events["customer"]],
            "session_id": [f"S{n + 1:07d}" for n in events["session"]],
            "location_id": shop.locations["location_id"].to_numpy()[events["location"]],
            "quantity": events["quantity"].to_numpy(),
            "loaded_at": clock.iso_utc(np.minimum(loaded, shop.as_of - np.timedelta64(1, "s"))),
        }
    )


def _interests(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    customers: Customers,
    counts: np.ndarray,
) -> pd.DataFrame:
    """One row for every interest that ended in no purchase; `counts` is `(items, places, days)`."""
    item, location, day = (np.repeat(axis, counts[counts > 0]) for axis in np.nonzero(counts))
    return pd.DataFrame(
        {
            "item": item,
            "location": location,
            "customer": draw_shoppers(rng, customers, location, day, catalogue.category[item]),
            "quantity": 1,
            "ordered": clock.draw_instants(rng, day, shop.starts),
        }
    )


def _leave(rng: np.random.Generator, interests: pd.DataFrame, habit: _Habit) -> pd.DataFrame:
    """The events that interests leave before their moment (`ordered`)."""
    n = len(interests)
    every = np.arange(n)
    views = np.repeat(every, 1 + rng.poisson(habit.more_views, n))
    carts = every[rng.random(n) < habit.cart]
    wishes = every[rng.random(n) < habit.wishlist]
    bought = every if habit.is_bought else every[:0]
    parts = []
    for name, which, hours in (
        ("view", views, 22.0),
        ("cart", carts, 2.5),
        ("wishlist", wishes, 30.0),
        ("purchase", bought, 0.0),
    ):
        lag = np.minimum(rng.exponential(hours * _HOUR, len(which)), _LONGEST) if hours else 0.0
        one = interests.iloc[which]
        has_quantity = name in ("cart", "purchase")
        parts.append(
            pd.DataFrame(
                {
                    "interest": which,
                    "event_type": name,
                    "item": one["item"].to_numpy(),
                    "location": one["location"].to_numpy(),
                    "customer": one["customer"].to_numpy(),
                    "quantity": one["quantity"].to_numpy().astype(float) if has_quantity else None,
                    "occurred": one["ordered"].to_numpy()
                    - np.broadcast_to(lag, len(which)).astype("timedelta64[s]"),
                }
            ).astype({"quantity": float})
        )
    return pd.concat(parts, ignore_index=True)


def _join_sessions(events: pd.DataFrame) -> pd.DataFrame:
    """A session is what one visitor does at one location in one day."""
    customer = events["customer"].to_numpy()
    visitor = np.where(customer >= 0, customer, -1 - events["interest"].to_numpy())
    day = events["occurred"].to_numpy().astype("datetime64[D]").astype(np.int64)
    keys = pd.MultiIndex.from_arrays([visitor, events["location"].to_numpy(), day])
    return events.assign(session=pd.factorize(keys)[0])
