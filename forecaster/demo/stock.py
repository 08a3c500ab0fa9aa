"""Stock: what is ordered from suppliers, when it runs out, and so what is sold of demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecaster.demo.catalogue import Catalogue
from forecaster.demo.shop import Shop

_MEMORY = 0.06
_SAFETY = 0.6
_COVER_DAYS = 14


@dataclass(frozen=True)
class Stock:
    """Grids `(items, locations, days)` at the end of each day, in units."""

    sold: np.ndarray
    on_hand: np.ndarray
    on_order: np.ndarray


def run_stock(
    rng: np.random.Generator,
    catalogue: Catalogue,
    suppliers: pd.DataFrame,
    demand: np.ndarray,
    expected: np.ndarray,
) -> Stock:
    """Replenishes by (s, Q): at the reorder point s, order Q; the lead time is the supplier's.

    The shop plans from what it sold lately, so that it is late for promotions and seasons, and
    what it did not sell for want of stock makes it order less: as shops do.
    """
    n_items, n_places, n_days = demand.shape
    n_series = n_items * n_places
    lead_mean, lead_sd, minimum = (
        np.repeat(suppliers[name].to_numpy()[catalogue.supplier], n_places)
        for name in ("lead_time_mean", "lead_time_sd", "minimum_order")
    )
    by_day = np.ascontiguousarray(demand.reshape(n_series, n_days).T)
    opening = np.repeat(np.maximum(catalogue.launch_day, 0), n_places)
    first_rate = expected.reshape(n_series, n_days)
    rows = np.arange(n_series)
    pace = np.zeros(n_series)
    for ahead in range(14):
        pace += first_rate[rows, np.minimum(opening + ahead, n_days - 1)] / 14
    closing = np.repeat(catalogue.end_day, n_places)

    longest = 60
    due = np.zeros((longest, n_series), dtype=np.int64)
    sold = np.zeros((n_days, n_series), dtype=np.int64)
    on_hand = np.zeros((n_days, n_series), dtype=np.int64)
    on_order = np.zeros((n_days, n_series), dtype=np.int64)
    held = np.zeros(n_series, dtype=np.int64)
    coming = np.zeros(n_series, dtype=np.int64)
    spread = rng.random((n_days, n_series))  # stands for the supplier's luck of the day
    for day in range(n_days):
        slot = day % longest
        held += due[slot]
        coming -= due[slot]
        due[slot] = 0
        first = np.ceil(pace * (lead_mean + _COVER_DAYS)).astype(np.int64) + 3
        held = np.where(day == opening, first, held)
        sold[day] = np.minimum(by_day[day], held)
        held = held - sold[day]
        pace = np.where(day > opening, pace + _MEMORY * (sold[day] - pace), pace)
        reorder_at = pace * (lead_mean + 1) + _SAFETY * np.sqrt(pace * lead_mean + 0.5) * 1.3
        wants = (held + coming <= reorder_at) & (day >= opening) & (day < closing - 30)
        if wants.any():
            at = np.flatnonzero(wants)
            lot = np.maximum(np.ceil(pace[at] * _COVER_DAYS), minimum[at])
            lead = lead_mean[at] + lead_sd[at] * 3.4 * (spread[day, at] - 0.5)
            lead = np.clip(np.round(lead), 1, longest - 1).astype(np.int64)
            due[(day + lead) % longest, at] += lot.astype(np.int64)
            coming[at] += lot.astype(np.int64)
        on_hand[day] = held
        on_order[day] = coming
    shape = (n_items, n_places, n_days)
    grids = (np.ascontiguousarray(grid.T).reshape(shape) for grid in (sold, on_hand, on_order))
    return Stock(*grids)


def inventory_table(shop: Shop, catalogue: Catalogue, stock: Stock) -> pd.DataFrame:
    """A snapshot at the end of every complete day, from launch until an item is ended."""
    days = np.arange(shop.n_days)
    lives = (days >= catalogue.launch_day[:, None]) & (days < catalogue.end_day[:, None])
    item, place, day = np.nonzero(np.repeat(lives[:, None, :], len(shop.scale), axis=1))
    return pd.DataFrame(
        {
            "item_id": catalogue.items["item_id"].to_numpy()[item],
            "location_id": shop.locations["location_id"].to_numpy()[place],
            "snapshot_on": shop.dates[day].astype("datetime64[s]"),
            "on_hand": stock.on_hand[item, place, day],
            "on_order": stock.on_order[item, place, day],
        }
    )
