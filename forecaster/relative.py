"""The distribution of demand about a forecast mean, from what was held out: the same for all series
of a size.

How demand spreads about a mean depends, more than on anything else, on how large the mean is: of
series that sell one in five days, all are much alike. So the demand that came, over the mean that
was forecast, has quantiles by size of the mean and quarter of the horizon; times the mean they are
a distribution (split conformal prediction with the ratio as its score, by classes of the forecast;
Lei et al., "Distribution-free predictive inference for regression", JASA 2018). It moves with the
mean, and the mean may come from wherever it does, reconciled or not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from forecaster.held_out import HeldOut, known
from forecaster.quantiles import LEVELS, Marginals
from forecaster.seasonal import JITTER_MEAN, STEP_CLASSES, step_classes

DEMANDS_OF_A_SIZE = 1000
MOST_SIZES = 64
PRIOR_DEMANDS = 2000.0  # weight of all quarters of the horizon beside one
SMALL = 0.05  # of the mean of all forecasts, where demand does not come in counts
GRID = np.array(LEVELS)


@dataclasses.dataclass(frozen=True)
class RelativeDemand:
    """`ratios` (horizon classes, sizes, grid): quantiles of demand over mean, each with `offset`
    added; `centres` (sizes,): logarithms of the means, with the offset, that they belong to.

    Of counts it is y + U over its mean, μ + ½, so that a mean of zero has a distribution too.
    """

    offset: float
    centres: np.ndarray
    ratios: np.ndarray

    @classmethod
    def learned(cls, found: Sequence[HeldOut], seed: int) -> Self:
        """From all demand held out, of which some must be known."""
        rng = np.random.default_rng(seed)
        demand = known(found, [one.actual for one in found]).astype(np.float64)
        mean = known(found, [one.mean for one in found]).astype(np.float64)
        steps = known(found, [one.steps for one in found])
        is_count = found[0].marginals.is_count
        offset = JITTER_MEAN if is_count else max(SMALL * float(mean.mean()), 1e-9)
        size = mean + offset
        ratio = (demand + (rng.random(len(demand)) if is_count else offset)) / size
        n_sizes = int(np.clip(len(demand) // DEMANDS_OF_A_SIZE, 1, MOST_SIZES))
        edges = np.quantile(size, np.linspace(0, 1, n_sizes + 1)[1:-1])
        place = np.searchsorted(np.unique(edges), size)
        order = np.argsort(place, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(place[order])) + 1)
        ratios = np.zeros((STEP_CLASSES, len(groups), len(GRID)))
        for k, rows in enumerate(groups):
            pooled = np.quantile(ratio[rows], GRID)
            for h in range(STEP_CLASSES):
                part = ratio[rows[steps[rows] == h]]
                own = np.quantile(part, GRID) if len(part) else pooled
                weight = len(part) / (len(part) + PRIOR_DEMANDS)
                ratios[h, k] = weight * own + (1 - weight) * pooled
        return cls(offset, np.array([np.log(size[rows]).mean() for rows in groups]), ratios)

    def of(self, mean: np.ndarray, is_count: bool) -> Marginals:
        """The distributions of means (series, horizon), not negative; between two sizes' centres
        their ratios are interpolated."""
        size = (np.maximum(mean, 0) + self.offset).astype(np.float64)
        place, last = np.log(size), len(self.centres) - 1
        right = np.clip(np.searchsorted(self.centres, place), min(1, last), last)
        left = np.maximum(right - 1, 0)
        width = np.maximum(self.centres[right] - self.centres[left], 1e-9)
        share = np.clip((place - self.centres[left]) / width, 0, 1).astype(np.float32)[..., None]
        ratios = self.ratios.astype(np.float32)
        steps = np.broadcast_to(step_classes(mean.shape[1]), mean.shape)
        values = ratios[steps, left] * (1 - share) + ratios[steps, right] * share
        values *= size.astype(np.float32)[..., None]
        if not is_count:
            values = np.maximum(values - self.offset, 0)
        return Marginals(GRID, values.astype(np.float32), is_count, is_signed=False)

    def to_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {
            "offset": self.offset,
            "centres": self.centres.tolist(),
            "ratios": self.ratios.tolist(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`."""
        return cls(value["offset"], np.array(value["centres"]), np.array(value["ratios"]))
