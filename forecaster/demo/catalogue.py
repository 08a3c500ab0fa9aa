"""What the shop sells and who supplies it, with the latent traits that drive demand."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from forecaster.demo.shop import Shop


@dataclass(frozen=True)
class Category:
    """A category: what it sells, and how the year, the week and holidays move it."""

    name: str
    nouns: tuple[str, ...]
    bumps: tuple[tuple[float, float, float], ...]  # day of year, width in days, height
    week: tuple[float, ...]  # Monday first
    holiday_sensitivity: float
    price: float


CATEGORIES = (
    Category("grocery", ("coffee beans", "olive oil", "crème brûlée mix"), ((350, 20, 0.15),),
             (0.90, 0.85, 0.90, 1.00, 1.25, 1.30, 0.80), 0.6, 6.0),
    Category("garden", ("hose", "plant pot", "pruning shears"), ((135, 38, 1.8),),
             (0.80, 0.80, 0.85, 0.90, 1.15, 1.45, 1.05), 0.3, 18.0),
    Category("toys", ("puzzle", "building blocks", "plush bear"), ((342, 22, 1.6),),
             (0.85, 0.85, 0.90, 0.95, 1.10, 1.30, 1.05), 1.4, 22.0),
    Category("electronics", ("headphones", "charger", "desk lamp"), ((332, 16, 0.7),),
             (1.00, 0.95, 0.95, 1.00, 1.05, 1.10, 0.95), 1.2, 45.0),
    Category("sports", ("yoga mat", "water bottle", "running socks"),
             ((10, 18, 0.8), (165, 40, 0.6)),
             (1.10, 1.00, 0.95, 0.95, 0.95, 1.10, 0.95), 0.5, 25.0),
    Category("home", ("tea pot", "blue mug", "throw blanket"), ((285, 45, 0.5),),
             (0.90, 0.90, 0.90, 0.95, 1.05, 1.25, 1.05), 0.9, 16.0),
)  # fmt: skip

# Names and ids that break what is not escaped, quoted or counted in characters.
_AWKWARD_IDS = ("AC/100", 'O\'Neil "Pro"', "blue mug 12", "茶壶-01", "back\\slash-7")
_AWKWARD_WORDS = ("<b>new</b> & improved", "50% off?", "", "☕ 送礼佳品", "{{ ref('x') }}")
_BRANDS = ("Nordlys", "Alba", "Kestrel", "Müller & Söhne", "Tejo", "Brightwater", "Oak+Iron", "Pip")
_ADJECTIVES = ("classic", "small", "large", "premium", "everyday", "travel", "organic", "light")


@dataclass(frozen=True)
class Catalogue:
    """Items as exported, and their traits, each `(items,)`; days index the shop's dates."""

    items: pd.DataFrame
    category: np.ndarray
    supplier: np.ndarray
    base: np.ndarray
    slope: np.ndarray
    elasticity: np.ndarray
    cross_elasticity: np.ndarray
    dispersion: np.ndarray
    list_price: np.ndarray
    launch_day: np.ndarray
    end_day: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    def part(self, start: int, stop: int) -> Catalogue:
        """The items from `start` up to `stop`."""
        cut = {f.name: getattr(self, f.name)[start:stop] for f in fields(self)}
        cut["items"] = cut["items"].reset_index(drop=True)
        return replace(self, **cut)


def build_suppliers(rng: np.random.Generator, n_items: int) -> pd.DataFrame:
    """Suppliers: `lead_time_mean` and `lead_time_sd` in days, `order_cost` in EUR."""
    n = int(np.clip(n_items // 8, 3, 60))
    mean = np.round(rng.uniform(3, 12, n), 1)
    return pd.DataFrame(
        {
            "supplier_id": [f"SUP-{i + 1:02d}" for i in range(n)],
            "lead_time_mean": mean,
            "lead_time_sd": np.round(mean * rng.uniform(0.1, 0.4, n), 1),
            "minimum_order": rng.choice([6, 12, 24], n),
            "order_cost": np.round(rng.uniform(15, 80, n), 2),
        }
    )


def build_catalogue(rng: np.random.Generator, shop: Shop, suppliers: pd.DataFrame) -> Catalogue:
    """Items of every pace and age: fast, regular, intermittent; new, ended, not yet launched."""
    n = shop.size.n_items
    category = np.arange(n) % len(CATEGORIES)
    launch_day, end_day = _lives(rng, shop, n)
    # A new item that nobody wants would teach nothing about new items.
    base = np.where(launch_day > 0, np.maximum(_base(rng, n), 2.0), _base(rng, n))
    typical = np.array([c.price for c in CATEGORIES])[category]
    list_price = np.maximum(np.round(typical * rng.lognormal(0, 0.45, n), 1), 1.5) - 0.01
    supplier = rng.integers(0, len(suppliers), n)
    items = _table(rng, shop, category, list_price, (launch_day, end_day))
    items.insert(5, "supplier_id", suppliers["supplier_id"].to_numpy()[supplier])
    return Catalogue(
        items=items,
        category=category,
        supplier=supplier,
        base=base,
        slope=rng.normal(0.05, 0.15, n),
        elasticity=np.round(-rng.triangular(0.8, 1.7, 3.5, n), 3),
        cross_elasticity=np.where(rng.random(n) < 0.6, rng.uniform(0.2, 0.7, n), 0.0),
        # Slow items are the lumpier ones, beyond what a Poisson count is by itself.
        dispersion=np.clip(rng.lognormal(np.log(2 + 1.5 * base), 0.4), 0.8, 40),
        list_price=list_price,
        launch_day=launch_day,
        end_day=end_day,
    )


def _base(rng: np.random.Generator, n: int) -> np.ndarray:
    """Units a day at the first location: one in seven fast, two in seven intermittent."""
    pace = np.resize([1, 0, 2, 1, 1, 2, 1], n)  # 0 fast, 1 regular, 2 intermittent
    typical = np.array([6.5, 1.9, 0.16])[pace]
    return typical * rng.lognormal(0, np.array([0.3, 0.5, 0.5])[pace])


def _lives(rng: np.random.Generator, shop: Shop, n: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last day of each item. Most are older than the history and outlive it."""
    launch = -rng.integers(120, 1500, n)
    end = np.full(n, len(shop.dates) + 1000)
    # The last items of the list lead the lives that forecasts find hard.
    few = max(1, n // 12)
    last = shop.n_days
    launch[n - few : n] = last - rng.integers(4, 9, few)  # a week of history
    end[n - 2 * few : n - few] = last - rng.integers(40, 75, few)  # ended lately
    launch[n - 3 * few : n - 2 * few] = rng.integers(last // 3, last * 2 // 3, few)  # new
    if n >= 20:
        launch[n - 1] = last + 20  # in the catalogue, not yet in the shop
    return launch, end


def _table(
    rng: np.random.Generator,
    shop: Shop,
    category: np.ndarray,
    list_price: np.ndarray,
    life: tuple[np.ndarray, np.ndarray],
) -> pd.DataFrame:
    n = len(category)
    launch_day, end_day = life
    ids = [f"SKU-{i + 1:05d}" for i in range(n)]
    ids[: len(_AWKWARD_IDS)] = _AWKWARD_IDS[:n]
    nouns = [CATEGORIES[c].nouns[k] for c, k in zip(category, rng.integers(0, 3, n), strict=True)]
    brands = rng.choice(_BRANDS, n)
    adjectives = rng.choice(_ADJECTIVES, n)
    words = [f"{b} {a} {noun}" for b, a, noun in zip(brands, adjectives, nouns, strict=True)]
    for i, word in enumerate(_AWKWARD_WORDS[:n]):
        words[i] = f"{words[i]} {word}".strip()
    pack = rng.choice([1, 1, 1, 6, 12], n)
    first = shop.dates[0]
    never = end_day >= len(shop.dates)
    return pd.DataFrame(
        {
            "item_id": ids,
            "description": words,
            "category": [CATEGORIES[c].name for c in category],
            "subcategory": nouns,
            "brand": brands,
            "list_price": list_price,
            "unit_cost": np.round(list_price * rng.uniform(0.4, 0.7, n), 2),
            "volume": np.round(rng.lognormal(-5.0, 0.7, n), 4),
            "weight": np.round(rng.lognormal(-0.5, 0.8, n), 2),
            "pack_size": pack,
            "launched_on": (first + launch_day).astype("datetime64[s]"),
            "discontinued_on": np.where(
                never, np.datetime64("NaT"), (first + end_day).astype("datetime64[s]")
            ),
        }
    )
