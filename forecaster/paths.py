"""Sample paths: draws of the whole horizon that hang together over time and across series.

Quantiles of single periods do not add up, so sums over time and over series need joint draws.
Each path takes one value of every calibrated distribution, and which value is settled by a
template: what the errors of a seasonal mean did, everywhere at once, in the horizon that followed
one past origin. Where the template's error is the third largest among the templates, the path gets
the third largest value (the Schaake shuffle, Clark et al. 2004, Journal of Hydrometeorology 5). So
a slow month, a heat wave or a level that drifts comes in the strength and over the series in which
it came before. Where a model draws paths of its own, these give the order of a series' sums over
time (ensemble copula coupling, Schefzik et al. 2013, Statistical Science 28); sums over series keep
that of the errors, since such a model draws one series at a time.

A sum's mean is the sum of the means, which is what models are best at, while a distribution known
at fifteen levels has a mean of its own, in the tail above all. So before they are added up a
series' draws are brought to the total of its mean, and a node's to the sum of its members'; both
times the `location` of the calibration, so that sums lie where the periods they are made of do.
Nodes that a model of their own forecasts have its distribution about their reconciled mean
instead, and the draws say only how it hangs together over time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from forecaster.held_out import volume_classes
from forecaster.origins import actual_demand
from forecaster.panel import Panel
from forecaster.quantiles import Marginals

if TYPE_CHECKING:
    from forecaster.models.base import Forecast

N_PATHS = 200
SERIES_AT_ONCE = 1024
SEASONS = 4  # that the seasonal mean behind a template's errors looks back
MOST_CORRECTION = 2.0
CLOSE = 0.02  # of its mean's total, that a series' draws may be away
STEEPEST = 8.0

OwnPaths = Callable[[Panel, np.ndarray, int], "np.ndarray | None"]


def no_paths(_panel: Panel, _rows: np.ndarray, _n_paths: int) -> None:
    """Of what draws none of its own."""


@dataclasses.dataclass(frozen=True)
class NodeForecast:
    """Of one level: mean (nodes, horizon), quantiles and those of the sum so far (nodes, horizon,
    levels), the interval (nodes, horizon, 2), and where any member is forecast (nodes, horizon)."""

    mean: np.ndarray
    quantiles: np.ndarray
    cumulative: np.ndarray
    interval: np.ndarray
    is_included: np.ndarray


@dataclasses.dataclass(frozen=True)
class Sums:
    """What paths say: `cumulative` (series, horizon, levels), and a forecast for each level."""

    cumulative: np.ndarray
    nodes: list[NodeForecast]


def sums(
    panel: Panel,
    forecast: Forecast,
    is_included: np.ndarray,
    levels: np.ndarray,
    interval: np.ndarray,
    seed: int,
    own_paths: OwnPaths = no_paths,
    n_paths: int = N_PATHS,
) -> Sums:
    """Quantiles of sums over time and of the nodes of `panel.levels`.

    Only entries in `is_included` (series, horizon) count. Paths are drawn for some series at a time
    and added to their nodes; none are kept.
    """
    assert forecast.marginals is not None
    horizon, n_levels = panel.horizon, len(levels)
    cumulative = np.zeros((panel.n_series, horizon, n_levels), np.float32)
    totals = [
        np.zeros((len(level.node_ids), horizon, n_paths), np.float32) for level in panel.levels
    ]
    location, persistence = 1.0, np.zeros(panel.n_series)
    if forecast.calibration is not None:
        location = forecast.calibration.location
        persistence = np.array(forecast.calibration.persistence)[volume_classes(panel)]
    included = np.flatnonzero(is_included.any(axis=1))
    for k, rows in enumerate(_parts(included)):
        rng = np.random.default_rng((seed, k))
        templates = past_errors(panel, rows, n_paths, rng)
        templates = persistent(templates, persistence[rows], rng)
        part = dataclasses.replace(forecast.marginals, values=forecast.marginals.values[rows])
        values = draws(part, location * forecast.mean[rows], n_paths)
        paths = shuffled(values, templates)
        paths *= is_included[rows][..., None]
        for level, total in zip(panel.levels, totals, strict=True):
            level.add(total, paths, rows)
        own = own_paths(panel, rows, n_paths)
        if own is not None:
            paths = shuffled(values, own) * is_included[rows][..., None]
        cumulative[rows] = quantiles_of(
            np.cumsum(paths, axis=1), levels, forecast.marginals.is_count
        )
    # of one period the distribution itself is known, not only draws of it
    cumulative[:, 0] = np.where(is_included[:, :1], forecast.quantiles[:, 0], 0)
    nodes = []
    for level, total in zip(panel.levels, totals, strict=True):
        mean = level.summed(np.where(is_included, forecast.mean, 0).astype(np.float64))
        is_count = forecast.marginals.is_count
        _centre(total, location * mean, panel.is_signed)
        if is_count:
            np.rint(total, out=total)
        _take_shapes(total, mean, panel, forecast, level.name)
        nodes.append(
            NodeForecast(
                mean=mean,
                interval=quantiles_of(total, interval, is_count),
                quantiles=quantiles_of(total, levels, is_count),
                cumulative=quantiles_of(np.cumsum(total, axis=1), levels, is_count),
                is_included=level.summed(is_included.astype(np.int64)) > 0,
            )
        )
    return Sums(cumulative, nodes)


def strata(n: int) -> np.ndarray:
    """n levels, each in the middle of its n-th part of [0, 1]."""
    return (np.arange(n) + 0.5) / n


def shuffled(values: np.ndarray, templates: np.ndarray) -> np.ndarray:
    """Values (series, horizon, paths), rising along the paths, in the order of the templates."""
    paths = np.empty_like(values)
    np.put_along_axis(paths, np.argsort(templates, axis=-1), values, axis=-1)
    return paths


def past_errors(
    panel: Panel, rows: np.ndarray, n_paths: int, rng: np.random.Generator
) -> np.ndarray:
    """(rows, horizon, paths): errors of the seasonal mean after past origins, over the root of its
    size; the same origins for all series. Demand in counts is jittered, which parts equal errors.

    A series that is too young for an origin takes its errors after another one; without any, its
    periods are independent.
    """
    season, horizon, n = panel.season_length, panel.horizon, panel.n_periods
    y = actual_demand(panel, rows)
    noise = rng.random((len(rows), horizon, n_paths), np.float32)
    last = n - horizon
    if last < season:
        return noise
    origins = np.linspace(season, last, n_paths).astype(int)
    origins = _own_origins(panel.start[rows] + season, origins, rng)  # (rows, paths)
    mean = _seasonal_mean(y, season)
    size = np.sqrt(np.abs(np.nan_to_num(mean)) + np.nanmean(np.abs(y), axis=1, keepdims=True) / 4)
    result = np.empty((len(rows), horizon, n_paths), np.float32)
    series = np.arange(len(rows))[:, None]
    for h in range(horizon):
        base = origins + h % season - season
        error = y[series, origins + h] - mean[series, base]
        if panel.is_count:
            error = error + noise[:, h]
        result[:, h] = error / np.maximum(size[series, base], 1e-6)
    return np.where(np.isfinite(result), result, noise - 0.5)


def persistent(templates: np.ndarray, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Templates (rows, horizon, paths) with a part that stays over a path: `share` (rows,) is its
    correlation with the error of a period. None is drawn where no row has any."""
    rows = np.flatnonzero(share > 0)
    if not len(rows):
        return templates
    part = templates[rows]
    part = (part - part.mean(axis=-1, keepdims=True)) / np.maximum(
        part.std(axis=-1, keepdims=True), 1e-6
    )
    stays = rng.standard_normal((len(rows), 1, part.shape[-1]), np.float32)
    weight = share[rows, None, None].astype(np.float32)
    templates[rows] = np.sqrt(1 - weight**2) * part + weight * stays
    return templates


def quantiles_of(paths: np.ndarray, levels: np.ndarray, is_count: bool) -> np.ndarray:
    """(…, horizon, levels) from draws (…, horizon, paths); of counts one of the draws."""
    ordered, n = np.sort(paths, axis=-1), paths.shape[-1]
    if is_count:
        ranks = np.clip(np.ceil(levels * n - 1e-9).astype(int) - 1, 0, n - 1)
        return ordered[..., ranks]
    place = np.clip(levels * n - 0.5, 0, n - 1)
    low = place.astype(int)
    share = (place - low).astype(np.float32)
    return ordered[..., low] * (1 - share) + ordered[..., np.minimum(low + 1, n - 1)] * share


def _own_origins(first: np.ndarray, origins: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows, paths): `origins`, those before a series' `first` replaced by others of its own."""
    shift = rng.integers(0, len(origins), (len(first), len(origins)))
    usable = np.maximum((origins >= first[:, None]).sum(axis=1), 1)  # the last ones
    others = origins[len(origins) - 1 - shift % usable[:, None]]
    return np.where(origins >= first[:, None], origins, others)


def _seasonal_mean(y: np.ndarray, season: int) -> np.ndarray:
    """(rows, periods): mean of a period's demand and that of the same place in the seasons before;
    NaN where none is known."""
    n = y.shape[1]
    total, count = np.zeros(y.shape, np.float32), np.zeros(y.shape, np.float32)
    known = np.isfinite(y)
    filled = np.where(known, y, 0)
    for k in range(min(SEASONS, -(-n // season))):
        total[:, k * season :] += filled[:, : n - k * season]
        count[:, k * season :] += known[:, : n - k * season]
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def draws(marginals: Marginals, mean: np.ndarray, n: int) -> np.ndarray:
    """(series, horizon, n) values of each distribution, rising, brought to the total of a mean
    (series, horizon); where demand may be negative, as they are.

    Counts do not change by the factor that their distribution is scaled by: of an item that hardly
    sells, a little less can be nothing at all and a little more three times as much. So the factor
    is corrected once, by how much the first one brought (a secant step on logarithms; half of the
    way where it brought nothing at all), if that comes nearer.
    """
    values = marginals.at(strata(n))
    if marginals.is_signed:
        return values
    drawn, wanted = _totals(values), mean.sum(axis=1, keepdims=True)
    factor = _within_reach(_over(wanted, drawn))
    values = marginals.scaled(factor).at(strata(n))
    if not marginals.is_count:
        return values
    brought = _totals(values)
    rows = np.flatnonzero(np.abs(brought - wanted)[:, 0] > CLOSE * wanted[:, 0])
    if not len(rows):
        return values
    drawn, wanted, brought, factor = (x[rows] for x in (drawn, wanted, brought, factor))
    moved, asked = np.log(_over(brought, drawn)), np.log(factor)
    power = np.where(np.abs(asked) > CLOSE, moved / np.where(asked == 0, 1, asked), 1)
    step = _over(wanted, brought) ** (1 / np.clip(power, 1, STEEPEST))
    factor *= np.where(brought > 0, step, 1 / np.sqrt(factor))
    part = dataclasses.replace(marginals, values=marginals.values[rows])
    again = part.scaled(_within_reach(factor)).at(strata(n))
    is_nearer = (np.abs(_totals(again) - wanted) < np.abs(brought - wanted))[:, 0]
    values[rows[is_nearer]] = again[is_nearer]
    return values


def _totals(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=-1).sum(axis=1, keepdims=True)


def _over(wanted: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """What brings one to the other, 1 where either is nothing."""
    return np.where((drawn > 0) & (wanted > 0), wanted / np.maximum(drawn, 1e-9), 1.0)


def _within_reach(factor: np.ndarray) -> np.ndarray:
    return np.clip(factor, 1 / MOST_CORRECTION, MOST_CORRECTION)


def _centre(total: np.ndarray, mean: np.ndarray, is_signed: bool) -> None:
    """Bring draws of nodes (nodes, horizon, paths) to the means that the models gave: small
    differences of each series' mean from that of its distribution add up."""
    drawn = total.mean(axis=-1)
    if is_signed:
        total += (mean - drawn)[..., None].astype(np.float32)
        return
    factor = _within_reach(np.where(drawn > 0, mean / np.maximum(drawn, 1e-9), 1.0))
    total *= factor[..., None].astype(np.float32)


def _take_shapes(
    total: np.ndarray, mean: np.ndarray, panel: Panel, forecast: Forecast, level: str
) -> None:
    """Give the draws of nodes (nodes, horizon, paths) the nodes' own distributions about their
    means, where there are any, in the order that the draws have."""
    if forecast.shapes is None or panel.nodes is None or level not in panel.nodes.places:
        return
    places = panel.nodes.places[level]
    own = np.flatnonzero((places >= 0) & forecast.shapes.is_used[places])
    if len(own):
        values = forecast.shapes.about(mean[own], places[own]).at(strata(total.shape[-1]))
        total[own] = shuffled(values.astype(np.float32), total[own])


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return np.array_split(rows, -(-len(rows) // SERIES_AT_ONCE)) if len(rows) else []
