"""What a network over signals takes in: series by origins, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.backend import load_tensorflow
from forecaster.panel import Panel
from forecaster.signals import Signals
from forecaster.text import text_codes

if TYPE_CHECKING:
    from forecaster.losses import AtOrigin
    from forecaster.training import Schedule

SERIES_AT_ONCE = 1024


class Origins:
    """Inputs and targets of any series at any origins.

    An origin `t` is the number of known periods: a network sees y[:, :t] and forecasts periods t to
    t + horizon − 1. It reads the last `length` periods before the last of its origins, `patch` of
    them as one, so that origins lie whole patches apart and `length` is a multiple of them.
    """

    def __init__(
        self, signals: Signals, patch: int, has_text: bool, length: int | None = None
    ) -> None:
        self.signals, self.patch = signals, patch
        n_patches = -(-min(signals.window, signals.panel.n_periods) // patch)
        self.length = length or patch * n_patches
        n_series = signals.panel.n_series
        self.text = text_codes(signals.panel) if has_text else np.zeros((n_series, 0), np.int32)

    def inputs(
        self, rows: np.ndarray, origins: np.ndarray
    ) -> tuple[list[Any], AtOrigin, np.ndarray]:
        """Network inputs, what is known at the origins, and the base (series, origins, horizon)."""
        tf = load_tensorflow()

        from forecaster.losses import AtOrigin

        signals = self.signals
        start = int(origins.max()) - self.length
        x, *known = signals.sequences(rows, start, start + self.length)
        positions = (origins - start - 1).astype(np.int32)
        level, scale, deviation, active = (values[:, positions] for values in known)
        active = np.maximum(active, signals.is_young(rows, origins))
        horizon, base = signals.horizons(rows, origins)
        inputs = [x, positions, horizon, signals.codes[rows], signals.numbers[rows]]
        inputs.append(self.text[rows])
        tensors = [tf.convert_to_tensor(values) for values in inputs]
        return tensors, AtOrigin(level / scale, scale, deviation, active), base

    def batch(self, rows: np.ndarray, n_origins: int, rng: np.random.Generator) -> tuple[Any, ...]:
        """Inputs, what is known at random origins of a random window, base, targets, the same
        jittered, mask.

        An origin before a series' first period learns what launches are like.
        """
        signals = self.signals
        horizon, end = signals.panel.horizon, signals.panel.n_periods
        last = max(end - max(horizon // 4, 1), 1)
        stop = int(rng.integers(min(self.length, last), last + 1))
        lowest = max(min(stop - self.length + signals.context, stop), 1)
        back = rng.integers(0, (stop - lowest) // self.patch + 1, n_origins - 1)
        drawn = stop - back * self.patch
        origins: np.ndarray = np.append(drawn, stop)
        inputs, at, base = self.inputs(rows, origins)
        index = origins[:, None] + np.arange(horizon)
        y = signals.y[rows]
        target = np.where(index < end, y[:, np.minimum(index, end - 1)], np.nan)
        known = np.isfinite(target)
        target = np.where(known, target / at.scale[..., None], 0)
        target = target.astype(np.float32)
        jittered = self.jittered(target, at, rng)
        return inputs, at, base, target, jittered, known.astype(np.float32)

    def jittered(self, target: np.ndarray, at: AtOrigin, rng: np.random.Generator) -> np.ndarray:
        """Targets (series, origins, steps) over the scale, as quantiles are learned of them: counts
        plus a uniform number on [0, 1).
        """
        if not self.signals.panel.is_count:
            return target
        noise = rng.random(target.shape, np.float32) / at.scale[..., None]
        return (target + noise).astype(np.float32)

    def ahead(self, rows: np.ndarray, panel: Panel, origin: int) -> tuple[np.ndarray, np.ndarray]:
        """Actual demand (series, 1, steps) of a panel from one origin on, and where it is scored:
        known, of series begun before the origin.
        """
        y = actual_demand(panel, rows, slice(origin, origin + panel.horizon))[:, None]
        begun = np.isfinite(self.signals.y[rows, :origin]).any(axis=1)
        return y, np.isfinite(y) & begun[:, None, None]

    def batches(
        self, rows: np.ndarray, plan: Schedule, seed: int, first: int = 1
    ) -> Iterator[tuple[Any, ...]]:
        """Every epoch from `first` on all rows in another order, repeated to fill its batches.

        Each epoch has a generator of its own: one that goes on after the third needs not repeat it.
        """
        for epoch in count(first):
            rng = np.random.default_rng([seed, epoch])
            for part in np.resize(rng.permutation(rows), (plan.steps, plan.size)):
                yield self.batch(part, plan.origins, rng)


def parts(n: int) -> list[np.ndarray]:
    """All of n series, so many at once as memory allows."""
    return np.array_split(np.arange(n), max(-(-n // SERIES_AT_ONCE), 1))


def actual_demand(
    panel: Panel, rows: np.ndarray | slice = slice(None), periods: slice = slice(None)
) -> np.ndarray:
    """Demand (series, periods), NaN where stock is recorded to have run out."""
    return np.where(
        panel.stocked_out[rows, periods] > 0, np.float32(np.nan), panel.y[rows, periods]
    )
