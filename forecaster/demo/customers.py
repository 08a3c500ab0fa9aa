"""Customers: who they are, what they like, and when they are active."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecaster.demo.catalogue import CATEGORIES
from forecaster.demo.shop import Shop

ANONYMOUS_SHARE = 1 / 3
"""Share of orders that no known customer placed."""

# By category, in the order of CATEGORIES: how taste moves with each ten years above forty.
_AGE_TASTE = np.array([0.05, 0.40, -0.15, -0.35, -0.25, 0.10])
_GENDER_TASTE = np.array([0.05, 0.05, 0.15, -0.20, -0.05, 0.20])


@dataclass(frozen=True)
class Customers:
    """Customers as exported, and their weights when a shopper is drawn.

    `taste` is `(customers, categories)`, `nearness` `(customers, locations)`,
    `activity` `(customers, weeks)`.
    """

    table: pd.DataFrame
    taste: np.ndarray
    nearness: np.ndarray
    activity: np.ndarray

    def __len__(self) -> int:
        return len(self.table)


def build_customers(rng: np.random.Generator, shop: Shop) -> Customers:
    """Customers whose tastes follow their age, gender and region, and who come and go."""
    n = shop.size.n_customers
    age = np.clip(rng.normal(43, 14, n), 18, 88)
    gender = rng.choice(["f", "m", "x"], n, p=[0.52, 0.45, 0.03])
    shares = shop.scale / shop.scale.sum()
    home = rng.choice(len(shares), n, p=shares)
    first_day, first_week, last_week, n_weeks = _stays(rng, shop, n)
    logits = (
        rng.normal(0, 0.7, (n, len(CATEGORIES)))
        + (age[:, None] - 40) / 10 * _AGE_TASTE
        + (gender == "f")[:, None] * _GENDER_TASTE
    )
    nearness = np.full((n, len(shares)), 0.06)
    nearness[np.arange(n), home] = 1.0
    weeks = np.arange(n_weeks)
    present = (weeks >= first_week[:, None]) & (weeks < last_week[:, None])
    pace = np.minimum(rng.gamma(0.9, 1.0, n) + 0.05, 3.5)  # a few buy much of what is sold
    return Customers(
        table=pd.DataFrame(
            {
                "customer_id": [f"C{i + 1:05d}" for i in range(n)],
                "birth_year": (2025 - age).astype(int).astype(object),
                "gender": gender,
                "region": shop.locations["region"].to_numpy()[home],
                "joined_on": (shop.dates[0] + first_day).astype("datetime64[s]"),
            }
        ),
        taste=np.exp(logits),
        nearness=nearness,
        activity=pace[:, None] * present * _moods(rng, n, n_weeks),
    )


def _stays(
    rng: np.random.Generator, shop: Shop, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Day each customer joined, first active week, week of leaving, and weeks in all."""
    n_weeks = len(shop.dates) // 7 + 2
    early = rng.random(n) < 0.6
    first_day = np.where(
        early, -rng.integers(7, 900, n), rng.integers(0, max(shop.n_days - 14, 1), n)
    )
    # From the week after joining, so that nobody buys before they joined.
    first_week = np.maximum(first_day // 7 + 1, 0)
    leaves = rng.random(n) < 0.3
    last_week = np.where(leaves, first_week + rng.geometric(1 / 40, n), n_weeks)
    return first_day, first_week, last_week, n_weeks


def _moods(rng: np.random.Generator, n: int, n_weeks: int) -> np.ndarray:
    """A slow swing of each customer's activity, AR(1) by week in logs, `(customers, weeks)`."""
    swing = np.empty((n_weeks, n))
    swing[0] = rng.normal(0, 0.7, n)
    for week in range(1, n_weeks):
        swing[week] = 0.85 * swing[week - 1] + rng.normal(0, 0.37, n)
    return np.exp(swing.T)


def draw_shoppers(
    rng: np.random.Generator,
    customers: Customers,
    location: np.ndarray,
    day: np.ndarray,
    category: np.ndarray,
) -> np.ndarray:
    """Who came for a category to a location on a day: customer indices, -1 for anonymous."""
    shopper = np.full(day.shape, -1)
    week = day // 7
    n_weeks = customers.activity.shape[1]
    key = (location * n_weeks + week) * len(CATEGORIES) + category
    known = np.flatnonzero(rng.random(day.shape) >= ANONYMOUS_SHARE)
    order = known[np.argsort(key[known], kind="stable")]
    edges = np.flatnonzero(np.diff(key[order])) + 1
    for rows in np.split(order, edges):
        if not len(rows):
            continue
        one = rows[0]
        weight = np.cumsum(
            customers.activity[:, week[one]]
            * customers.nearness[:, location[one]]
            * customers.taste[:, category[one]]
        )
        if weight[-1] > 0:
            shopper[rows] = np.searchsorted(weight, rng.random(len(rows)) * weight[-1], "right")
    return shopper
