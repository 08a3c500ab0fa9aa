"""The market: competitors' prices and sales, and how much people search for a category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecaster.demo.catalogue import CATEGORIES, Catalogue
from forecaster.demo.shop import Shop

COMPETITORS = ("cheapo", "GrandMarché")


@dataclass(frozen=True)
class Market:
    """`prices` is `(items, competitors, days)`; `effect` multiplies demand, `(items, days)`."""

    prices: np.ndarray
    effect: np.ndarray


def draw_market(rng: np.random.Generator, shop: Shop, catalogue: Catalogue) -> Market:
    """Competitors' prices: steps by week around ours, with sales of their own."""
    n_days = len(shop.dates)
    n_weeks = n_days // 7 + 1
    size = (n_weeks, len(catalogue), len(COMPETITORS))
    steps = rng.normal(0, 0.025, size)
    for week in range(1, n_weeks):
        steps[week] += 0.85 * steps[week - 1]
    sale = np.where(rng.random(size) < 0.05, rng.uniform(0.75, 0.9, size), 1.0)
    usual = rng.normal(1.0, 0.05, size[1:])
    relative = (usual * np.exp(steps) * sale).transpose(1, 2, 0)
    relative = np.repeat(relative, 7, axis=2)[:, :, :n_days]
    cheapest = relative.min(axis=1) / usual.min(axis=1)[:, None]
    return Market(
        prices=np.round(catalogue.list_price[:, None, None] * relative, 2),
        effect=cheapest ** catalogue.cross_elasticity[:, None],
    )


def market_table(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    *,
    market: Market,
    seasons: np.ndarray,
    expected: np.ndarray,
) -> pd.DataFrame:
    """What a market monitor delivers: item rows by competitor, category rows with the trend.

    Only items that feel the competition are watched, and one observation in twenty is missing.
    """
    n_days = shop.n_days
    watched = np.flatnonzero(catalogue.cross_elasticity > 0)
    item, competitor, day = (
        grid.ravel()
        for grid in np.meshgrid(
            watched, np.arange(len(COMPETITORS)), np.arange(n_days), indexing="ij"
        )
    )
    seen = (rng.random(len(day)) > 0.05) & (day >= catalogue.launch_day[item])
    item, competitor, day = item[seen], competitor[seen], day[seen]
    price = market.prices[item, competitor, day]
    pull = (price / catalogue.list_price[item]) ** -1.5
    level = 0.8 * catalogue.base[item] * seasons[catalogue.category[item], day] * pull
    by_item = pd.DataFrame(
        {
            "day": day,
            "item_id": catalogue.items["item_id"].to_numpy()[item],
            "competitor_id": np.array(COMPETITORS, dtype=object)[competitor],
            "competitor_price": price,
            "competitor_sales": rng.poisson(level).astype(float),
        }
    )
    by_category = _trend(rng, catalogue, expected, n_days)
    table = pd.concat([by_item, by_category], ignore_index=True)
    days = table.pop("day").to_numpy()
    # Delivered the next morning: the market is never known in advance.
    known = shop.starts[days + 1] + np.timedelta64(5, "h")
    return table.assign(ds=shop.dates[days].astype("datetime64[s]"), known_at=known)


def _trend(
    rng: np.random.Generator, catalogue: Catalogue, expected: np.ndarray, n_days: int
) -> pd.DataFrame:
    """Search interest runs three days ahead of demand, smoothed over a week, 0 to 100."""
    frames = []
    for index, category in enumerate(CATEGORIES):
        members = catalogue.category == index
        if not members.any():
            continue
        total = expected[members].sum(axis=(0, 1))[: n_days + 7]
        smooth = np.convolve(total, np.ones(7) / 7, mode="same")[3 : n_days + 3]
        noisy = smooth * rng.lognormal(0, 0.06, n_days)
        frames.append(
            pd.DataFrame(
                {
                    "day": np.arange(n_days),
                    "category": category.name,
                    "trend_index": np.round(100 * noisy / noisy.max(), 1),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
