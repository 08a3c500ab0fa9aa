"""Distributions that hold on what was held out: conformal prediction in two steps.

A model that was fitted up to the start of a held-out horizon forecasts from several origins inside
it. First it is asked which distribution about its mean was better there: its own, or that of demand
relative to means of the same size (`forecaster.relative`); each is judged on the half of the
periods from which it was not learned. Then the levels at which demand fell (its randomised PIT) are
looked at. Where distributions are right they are uniform; where they are not, the quantile at level
τ should have been the one at the level below which a share τ of the PITs lies. That is the map from
nominal to model levels learned here (Chernozhukov, Wüthrich and Zhu, "Distributional conformal
prediction", PNAS 2021), by class of the horizon and of volume. A class of few effective
observations leans on its volume class, that on all classes, and all on the distribution as it is.

How wide the distributions should be can be told from one horizon held out, for it holds many series
and days. Where they should lie cannot: a month in which all sold more is one observation. So the
part of the map that moves mirrored levels alike counts as one observation a horizon. And before all
else the forecasts held out are brought towards what came by as much of the error that all series
share as is unlikely to last (`passing_error`): after Christmas a model that sees the sales of
December forecasts too much, and would be taken to do so for ever.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from forecaster.held_out import VOLUME_CLASSES, HeldOut, known
from forecaster.quantiles import LEVELS, MOST_LEVEL, Marginals, interpolation
from forecaster.relative import RelativeDemand
from forecaster.seasonal import STEP_CLASSES, step_classes

PRIOR_PITS = 100.0  # weight of the pooled map, in effective observations
PRIOR_HORIZONS = 0.2  # weight of no shift at all, in horizons held out
LEAST_CAME = 0.01  # of what was forecast, that a quarter is taken to have brought
LASTING_ERROR = 0.05  # at least, as a logarithm, of errors that all series share and that last
MOST_PITS = 200_000  # of one class that are looked at
MOST_MOVED = 1.5  # times its forecast
MOST_COMPARED = 2000  # series on which the two distributions are compared
UNIFORM = np.array(LEVELS)


@dataclasses.dataclass(frozen=True)
class Calibration:
    """`levels` (horizon classes, volume classes, grid): the distribution's level for each nominal
    one of the grid; `n_obs` (horizon classes, volume classes): demands it was learned from;
    `relative`: the distribution that takes the place of the model's own, if it was better;
    `location`: how much more came than the means had said, where distributions of sums lie;
    `persistence` (volume classes,): how much of an error stays (`forecaster.persistence`).
    """

    levels: np.ndarray
    n_obs: np.ndarray
    relative: RelativeDemand | None = None
    location: float = 1.0
    persistence: tuple[float, ...] = (0.0,) * len(VOLUME_CLASSES)

    @classmethod
    def identity(cls) -> Self:
        """Leaves every distribution as it is."""
        shape = (STEP_CLASSES, len(VOLUME_CLASSES))
        return cls(np.broadcast_to(UNIFORM, (*shape, len(UNIFORM))).copy(), np.zeros(shape, int))

    @classmethod
    def learned(cls, found: Sequence[HeldOut], n_horizons: float, seed: int) -> Self:
        """From what was forecast of so many horizons held out, and what came."""
        if not any(np.isfinite(one.actual).any() for one in found):
            return cls.identity()
        relative = None
        if not found[0].marginals.is_signed and _relative_is_better(found, seed):
            relative = RelativeDemand.learned(found, seed)
        return cls._mapped(found, relative, n_horizons, seed)

    @classmethod
    def _mapped(
        cls, found: Sequence[HeldOut], relative: RelativeDemand | None, n_horizons: float, seed: int
    ) -> Self:
        rng = np.random.default_rng(seed)
        before = dataclasses.replace(cls.identity(), relative=relative)
        pits = [held_out_pits(one, before.shape(one.mean, one.marginals), rng) for one in found]
        result = cls.of_pits(
            known(found, pits),
            known(found, [one.steps for one in found]),
            known(found, [one.classes[:, None] for one in found]),
            known(found, [one.periods for one in found]),
            n_horizons,
        )
        location = 1.0 if found[0].marginals.is_signed else _location(found, n_horizons)
        return dataclasses.replace(result, relative=relative, location=location)

    @classmethod
    def of_pits(
        cls,
        pits: np.ndarray,
        steps: np.ndarray,
        classes: np.ndarray,
        days: np.ndarray,
        n_horizons: float,
    ) -> Self:
        """From PITs with their class of horizon, class of volume and period, each (n,), of so many
        horizons held out."""
        result = cls.identity()
        overall = _map(pits, days, UNIFORM)
        for v in range(len(VOLUME_CLASSES)):
            of_volume = classes == v
            pooled = _map(pits[of_volume], days[of_volume], overall)
            for h in range(STEP_CLASSES):
                part = of_volume & (steps == h)
                result.levels[h, v] = _map(pits[part], days[part], pooled)
                result.n_obs[h, v] = part.sum()
        return cls(_held_in_place(result.levels, n_horizons), result.n_obs)

    def shape(self, mean: np.ndarray, marginals: Marginals) -> Marginals:
        """The distributions before their levels are moved."""
        if self.relative is None:
            return marginals
        return self.relative.of(mean, marginals.is_count)

    def applied(self, mean: np.ndarray, marginals: Marginals, classes: np.ndarray) -> Marginals:
        """The distributions about means (series, horizon), every level's quantile taken at the
        level that held for it; `classes` (series,) are those of volume."""
        marginals = self.shape(mean, marginals)
        values = np.empty_like(marginals.values)
        steps = step_classes(values.shape[1])
        for v in np.unique(classes):
            rows = classes == v
            part = marginals.values[rows]
            for h in np.unique(steps):
                matrix = interpolation(marginals.levels, self.levels[h, v], marginals.is_signed)
                part[:, steps == h] = part[:, steps == h] @ matrix
            values[rows] = part
        return dataclasses.replace(marginals, values=np.maximum.accumulate(values, axis=-1))

    def to_json(self) -> dict[str, Any]:
        """Plain lists."""
        relative = self.relative.to_json() if self.relative else None
        return {
            "levels": self.levels.tolist(),
            "n_obs": self.n_obs.tolist(),
            "relative": relative,
            "location": self.location,
            "persistence": list(self.persistence),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`."""
        relative = RelativeDemand.from_json(value["relative"]) if value.get("relative") else None
        result = cls(np.array(value["levels"]), np.array(value["n_obs"]), relative)
        location = value.get("location", result.location)
        stays = tuple(value.get("persistence", result.persistence))
        return dataclasses.replace(result, location=location, persistence=stays)


def held_out_pits(found: HeldOut, marginals: Marginals, rng: np.random.Generator) -> np.ndarray:
    """(series, steps): randomised PITs of the demand held out; NaN where none is known.

    That of a count, and of no demand, is drawn evenly from P(Y < y) to P(Y ≤ y): so it is the
    distribution of the count that is put right, not how the model spreads y + U between two whole
    numbers.
    """
    actual = found.actual
    below = marginals.pit(actual)
    at = marginals.pit(actual + 1) if marginals.is_count else below
    if not marginals.is_signed:
        below = np.where(actual <= 0, 0, below)  # nothing is less than no demand
    # drawn for the series begun alone: those launched later must change nothing
    noise = np.zeros(actual.shape, np.float32)
    noise[found.launched] = rng.random((int(found.launched.sum()), actual.shape[1]), np.float32)
    return below + noise * (at - below)


def passing_error(found: Sequence[HeldOut]) -> float:
    """What forecasts held out have to be multiplied by to be rid of the error that all series share
    and that is unlikely to last.

    That error is all that came over all that was forecast. Of one horizon it is known once, but a
    model that leans is wrong by as much in every quarter of the horizon and from every origin in
    it. So its logarithm is the sum of a part that lasts and of one that passes, with the variance
    by which quarters and origins differ. The best guess of the former takes its share of the
    variance: that of `LASTING_ERROR`, or by how much the error's square exceeds what passes, if
    that is more (a posterior mean of normals, with an empirical prior as James and Stein have it).
    """
    if not found or found[0].marginals.is_signed:
        return 1.0
    first = found[0].origin
    came, expected = np.zeros((2, len(found), STEP_CLASSES))
    for i, one in enumerate(found):
        is_known = np.isfinite(one.actual)
        quarters = (one.periods - first) * STEP_CLASSES // len(one.periods)
        inside = quarters < STEP_CLASSES
        for total, values in ((came, one.actual), (expected, one.mean)):
            sums = np.where(is_known, values, 0).sum(axis=0, dtype=np.float64)
            np.add.at(total[i], quarters[inside], sums[inside])
    usable = expected > 0
    if not usable.any():
        return 1.0
    weights = expected[usable]
    found_at = np.maximum(came[usable], LEAST_CAME * weights)
    ratios, error = np.log(found_at / weights), np.log(found_at.sum() / weights.sum())
    n = weights.sum() ** 2 / (weights**2).sum()
    variance = np.average((ratios - error) ** 2, weights=weights) * n / max(n - 1, 1)
    if usable.sum() == 1:  # nothing says how it varies: as much as it is
        variance = error**2
    lasting = max(LASTING_ERROR**2, error**2 - variance)
    lasts = lasting / (lasting + variance)
    return float(np.clip(np.exp((1 - lasts) * error), 1 / MOST_MOVED, MOST_MOVED))


def _relative_is_better(found: Sequence[HeldOut], seed: int) -> bool:
    """Whether the distribution of demand relative to the mean loses less than the model's own, each
    learned from one half of the periods and judged on the other."""
    begun = np.flatnonzero(found[-1].launched)
    every = max(len(begun) // MOST_COMPARED, 1)
    found = [one.of_series(begun[::every]) for one in found]
    middle = np.median(known(found, [one.periods for one in found]))
    losses = np.zeros(2)
    for is_later in (False, True):
        learned, judged = (
            [one.where((one.periods > middle) == side) for one in found]
            for side in (is_later, not is_later)
        )
        if not any(np.isfinite(one.actual).any() for one in learned):
            return False
        for k, relative in enumerate((None, RelativeDemand.learned(learned, seed))):
            calibration = Calibration._mapped(learned, relative, 1.0, seed)
            losses[k] += sum(_loss(one, calibration) for one in judged)
    return bool(losses[1] < losses[0])


def _location(found: Sequence[HeldOut], n_horizons: float) -> float:
    """All that came over all that was forecast, held back as what the horizons share."""
    came = known(found, [one.actual for one in found]).sum(dtype=np.float64)
    expected = known(found, [one.mean for one in found]).sum(dtype=np.float64)
    if came <= 0 or expected <= 0:
        return 1.0
    weight = n_horizons / (n_horizons + PRIOR_HORIZONS)
    return float(np.clip((came / expected) ** weight, 1 / MOST_MOVED, MOST_MOVED))


def _loss(found: HeldOut, calibration: Calibration) -> float:
    """Sum of pinball losses, each over its forecast, so that no large series decides alone."""
    values = calibration.applied(found.mean, found.marginals, found.classes).at(UNIFORM)
    error = found.actual[..., None] - values
    loss = np.maximum(UNIFORM * error, (UNIFORM - 1) * error).mean(-1)
    size = np.maximum(found.mean, 0) + max(float(found.mean.mean()), 1e-9)
    return float(np.nansum(loss / size))


def _map(pits: np.ndarray, days: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """(grid,): the PITs' quantiles at the nominal levels, shrunk to the pooled map."""
    if not len(pits):
        return pooled
    if len(pits) > MOST_PITS:
        chosen = np.linspace(0, len(pits) - 1, MOST_PITS).astype(int)
        pits, days = pits[chosen], days[chosen]
    n = effective_size(pits, days)
    return (n * np.quantile(pits, UNIFORM) + PRIOR_PITS * pooled) / (n + PRIOR_PITS)


def _held_in_place(levels: np.ndarray, n_horizons: float) -> np.ndarray:
    """Maps (…, grid) with their common shift of mirrored levels shrunk to none."""
    shift = levels - UNIFORM
    common = (shift + shift[..., ::-1]) / 2
    weight = n_horizons / (n_horizons + PRIOR_HORIZONS)
    moved = np.maximum.accumulate(UNIFORM + shift - (1 - weight) * common, axis=-1)
    return np.clip(moved, 1 - MOST_LEVEL, MOST_LEVEL)


def effective_size(pits: np.ndarray, days: np.ndarray) -> float:
    """How many independent PITs say as much: those of one period share its shocks, so it is told
    from how far the means of periods vary."""
    places, counts = np.unique(days, return_counts=True)
    if len(places) < 2:
        return 1.0
    _, codes = np.unique(days, return_inverse=True)
    means = np.bincount(codes, pits) / counts
    share = counts / counts.sum()
    variance = (share**2 * (means - pits.mean()) ** 2).sum() * len(places) / (len(places) - 1)
    return float(min(1 / (12 * max(variance, 1e-12)), len(pits)))
