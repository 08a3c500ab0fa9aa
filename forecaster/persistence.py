"""How much of a series' error stays over a horizon, beyond what its templates have.

Paths take their order from the errors of a seasonal mean after past origins (`forecaster.paths`).
Of a series that sells one in five days such an error is mostly noise of the day, so its paths would
hang together over time less than its demand does about a forecast that is too low for weeks. What
is missing is a part of the error that stays the same over the whole horizon: so much of it is mixed
into the templates as would have given sums over time their best quantiles in the horizon held out,
by class of volume. Half of it: in one horizon a month that was good for many series looks the same.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from forecaster.calibration import Calibration
from forecaster.held_out import VOLUME_CLASSES, HeldOut
from forecaster.panel import Panel
from forecaster.paths import draws, past_errors, persistent, quantiles_of, shuffled
from forecaster.seasonal import STEP_CLASSES

SHARES = (0.0, 0.15, 0.3, 0.45, 0.6)  # correlations of the part that stays with a day's error
HELD_BACK = 0.5
N_PATHS = 100
MOST_SERIES = 500  # of a class
JUDGED = np.array((0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95))


def learned_persistence(
    cut: Panel, found: HeldOut, calibration: Calibration, seed: int
) -> tuple[float, ...]:
    """By class of volume, from the first origin of a horizon held out, where the panel was `cut`.

    Nothing is added where demand may be negative, or to a class of which nothing is known.
    """
    result = [0.0] * len(VOLUME_CLASSES)
    if cut.is_signed:
        return tuple(result)
    marginals = calibration.applied(found.mean, found.marginals, found.classes)
    usable = np.isfinite(found.actual).any(axis=1) & found.launched
    horizon = found.actual.shape[1]
    ends = np.unique((np.arange(1, STEP_CLASSES + 1) * horizon) // STEP_CLASSES - 1)
    ends = ends[ends > 0]  # of one period the distribution is known
    for v in range(len(VOLUME_CLASSES)):
        rows = np.flatnonzero(usable & (found.classes == v))
        rows = rows[:: -(-len(rows) // MOST_SERIES) or 1]
        if not len(rows) or not len(ends):
            continue
        mean = calibration.location * found.mean[rows]
        part = dataclasses.replace(marginals, values=marginals.values[rows])
        values = draws(part, mean, N_PATHS)
        came = np.cumsum(np.where(np.isfinite(found.actual[rows]), found.actual[rows], mean), 1)
        size = np.maximum(np.cumsum(mean, axis=1), max(float(mean.mean()), 1e-9))
        templates = past_errors(cut, rows, N_PATHS, np.random.default_rng(seed))
        losses = []
        for share in SHARES:
            rng = np.random.default_rng(seed)
            paths = shuffled(values, persistent(templates.copy(), np.full(len(rows), share), rng))
            sums = np.cumsum(paths, axis=1)[:, ends]
            error = came[:, ends, None] - quantiles_of(sums, JUDGED, marginals.is_count)
            loss = np.maximum(JUDGED * error, (JUDGED - 1) * error).mean(-1)
            losses.append(float((loss / size[:, ends]).mean()))
        result[v] = HELD_BACK * SHARES[int(np.argmin(losses))]
    return tuple(result)
