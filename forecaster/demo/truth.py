"""The truth, kept apart from the warehouse: for tests and benchmarks only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from forecaster.demo.catalogue import Catalogue
from forecaster.demo.demand import Demand
from forecaster.demo.plans import Plans
from forecaster.demo.shop import Shop


def demand_truth(
    shop: Shop,
    catalogue: Catalogue,
    demand: Demand,
    *,
    sold: np.ndarray,
    on_hand: np.ndarray,
    extra: dict[str, np.ndarray] | None = None,
) -> pa.Table:
    """Item-location-days from launch to the last complete day.

    `expected` is the rate, `demand` what was wanted, `sold` what stock allowed; `extra` are more
    grids `(items, locations, days)` by the name of their column.
    """
    n_days = shop.n_days
    where = cells(shop, catalogue, slice(0, n_days))
    table = _keys(shop, catalogue, where)
    lives = shop.is_open[where[1], where[2]] & (where[2] < catalogue.end_day[where[0]])
    columns = {
        "demand": pa.array(demand.units[where].astype(np.int32)),
        "expected": pa.array(demand.expected[where].astype(np.float32)),
        "sold": pa.array(sold[where].astype(np.int32)),
        "is_stocked_out": pa.array(lives & (on_hand[where] == 0)),
    }
    for name, grid in (extra or {}).items():
        columns[name] = pa.array(grid[where])
    for name, values in columns.items():
        table = table.append_column(name, values)
    return table


def future_truth(shop: Shop, catalogue: Catalogue, demand: Demand) -> pa.Table:
    """What the days after the history will bring, the first of them whole."""
    where = cells(shop, catalogue, slice(shop.n_days, len(shop.dates)))
    table = _keys(shop, catalogue, where)
    table = table.append_column("demand", pa.array(demand.units[where].astype(np.int32)))
    return table.append_column("expected", pa.array(demand.expected[where].astype(np.float32)))


def elasticity_truth(catalogue: Catalogue) -> pd.DataFrame:
    """Own and cross price elasticity of each item."""
    return pd.DataFrame(
        {
            "item_id": catalogue.items["item_id"],
            "elasticity": catalogue.elasticity,
            "cross_elasticity": catalogue.cross_elasticity,
        }
    )


def uplift_truth(shop: Shop, catalogue: Catalogue, demand: Demand, plans: Plans) -> pd.DataFrame:
    """What each promotion multiplied demand by, its discount included, where it applied.

    `extra_units` is the rate that would not have been there without it; `n_days` counts the
    complete days of history on which no deeper promotion took its place.
    """
    history = plans.promotion[:, :, : shop.n_days]
    item, place, day = np.nonzero(history >= 0)
    expected = demand.expected[item, place, day]
    uplift = plans.uplift[item, place, day]
    frame = pd.DataFrame(
        {
            "promotion": history[item, place, day],
            "item": item,
            "place": place,
            "uplift": uplift,
            "extra_units": expected * (1 - 1 / uplift),
        }
    )
    grouped = frame.groupby(["promotion", "item", "place"], as_index=False).agg(
        uplift=("uplift", "first"), extra_units=("extra_units", "sum"), n_days=("uplift", "size")
    )
    return pd.DataFrame(
        {
            "promotion_id": plans.promotions["promotion_id"].to_numpy()[grouped["promotion"]],
            "item_id": catalogue.items["item_id"].to_numpy()[grouped["item"]],
            "location_id": shop.locations["location_id"].to_numpy()[grouped["place"]],
            "uplift": grouped["uplift"],
            "extra_units": grouped["extra_units"],
            "n_days": grouped["n_days"],
        }
    )


def cells(shop: Shop, catalogue: Catalogue, days: slice) -> tuple[np.ndarray, ...]:
    """Items, locations and days (indices) from launch on, within `days`."""
    index = np.arange(len(shop.dates))[days]
    launched = index >= catalogue.launch_day[:, None]
    shape = (len(catalogue), len(shop.scale), len(index))
    item, place, day = np.nonzero(np.broadcast_to(launched[:, None, :], shape))
    return item, place, day + days.start


def _keys(shop: Shop, catalogue: Catalogue, where: tuple[np.ndarray, ...]) -> pa.Table:
    item, place, day = where
    return pa.table(
        {
            "item_id": _named(item, catalogue.items["item_id"]),
            "location_id": _named(place, shop.locations["location_id"]),
            "ds": pa.array(shop.dates[day]),
        }
    )


def _named(index: np.ndarray, names: pd.Series) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(index.astype(np.int32)), pa.array(list(names), pa.string())
    )
