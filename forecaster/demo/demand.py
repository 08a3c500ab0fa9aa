"""The latent truth: the rate of demand for an item at a location on a day, and its counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecaster.demo.catalogue import CATEGORIES, Catalogue
from forecaster.demo.market import Market
from forecaster.demo.plans import Plans
from forecaster.demo.shop import Shop

_PERSISTENCE = 0.9
_NOISE_SD = 0.18
_CLOSED_SHIFT = 0.35


@dataclass(frozen=True)
class Demand:
    """Grids `(items, locations, days)`: `expected` is the rate, `units` the demand it drew."""

    expected: np.ndarray
    units: np.ndarray


def item_shape(catalogue: Catalogue, shop: Shop) -> np.ndarray:
    """Trend, season and life of each item, relative to its base, `(items, days)`."""
    days = np.arange(len(shop.dates))
    season = category_seasons(shop)[catalogue.category]
    trend = np.exp(catalogue.slope[:, None] * (days - shop.n_days / 2) / 365)
    return trend * season * _life(catalogue, days)


def category_seasons(shop: Shop) -> np.ndarray:
    """The year's course of each category, mean 1 over a year, `(categories, days)`."""
    january = shop.dates.astype("datetime64[Y]").astype("datetime64[D]")
    of_year = (shop.dates - january).astype(np.int64)
    year = np.arange(365)
    seasons = []
    for category in CATEGORIES:
        full = np.full(365, 0.7)
        for centre, width, height in category.bumps:
            distance = np.abs(year - centre)
            distance = np.minimum(distance, 365 - distance)
            full += height * np.exp(-0.5 * (distance / width) ** 2)
        seasons.append((full / full.mean())[np.minimum(of_year, 364)])
    return np.array(seasons)


def draw_demand(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    *,
    shape: np.ndarray,
    plans: Plans,
    market: Market,
) -> Demand:
    """Demand if stock never ran out. Counts are negative binomial around the rate."""
    n_items, n_places = len(catalogue), len(shop.scale)
    week = np.array([category.week for category in CATEGORIES])
    week /= week.mean(axis=1, keepdims=True)
    sensitivity = np.array([c.holiday_sensitivity for c in CATEGORIES])[catalogue.category]
    days = np.arange(len(shop.dates))
    growth = np.exp(shop.growth[:, None] * (days - shop.n_days / 2) / 365)
    fit = rng.lognormal(0, 0.25, (n_items, n_places))

    rate = _noise(rng, n_items, n_places, len(days))
    rate *= (catalogue.base[:, None] * shop.scale * fit)[:, :, None]
    rate *= (shape * week[catalogue.category][:, shop.weekday] * market.effect)[:, None, :]
    rate *= growth * _opening(shop)
    rate *= shop.holiday_lift ** sensitivity[:, None, None]
    rate *= (plans.price / plans.reference[:, :, None]) ** catalogue.elasticity[:, None, None]
    rate *= plans.uplift

    shape_of_counts = catalogue.dispersion[:, None, None]
    units = rng.poisson(rng.gamma(shape_of_counts, rate / shape_of_counts))
    return Demand(expected=rate, units=units)


def _life(catalogue: Catalogue, days: np.ndarray) -> np.ndarray:
    """Ramp after the launch, decline before the end, nothing outside, `(items, days)`."""
    age = days - catalogue.launch_day[:, None]
    left = catalogue.end_day[:, None] - days
    ramp = 1 - 0.75 * np.exp(-np.maximum(age, 0) / 25)
    decline = np.clip(left / 75, 0.15, 1)
    return np.where((age >= 0) & (left > 0), ramp * decline, 0.0)


def _opening(shop: Shop) -> np.ndarray:
    """0 when closed; the days around take a part of what the closed day would have sold."""
    opening = shop.is_open.astype(float)
    closed = 1 - opening
    opening[:, :-1] += _CLOSED_SHIFT * closed[:, 1:]
    opening[:, 1:] += 0.6 * _CLOSED_SHIFT * closed[:, :-1]
    return opening * shop.is_open


def _noise(rng: np.random.Generator, n_items: int, n_places: int, n_days: int) -> np.ndarray:
    """AR(1) in logs with mean 1, `(items, locations, days)`: runs that no covariate explains."""
    innovations = rng.standard_normal((n_days, n_items * n_places))
    innovations[1:] *= np.sqrt(1 - _PERSISTENCE**2)
    for day in range(1, n_days):
        innovations[day] += _PERSISTENCE * innovations[day - 1]
    noise = np.exp(_NOISE_SD * innovations - _NOISE_SD**2 / 2)
    return np.ascontiguousarray(noise.T).reshape(n_items, n_places, n_days)
