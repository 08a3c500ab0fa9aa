from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster.calibration import Calibration
from forecaster.held_out import HeldOut
from forecaster.paths import persistent
from forecaster.persistence import learned_persistence
from forecaster.quantiles import LEVELS, Marginals
from tests.conftest import make_panel

GRID = np.array(LEVELS)
N, HORIZON = 300, 28


def slow_movers(varies: float, launched: bool = True):
    """Series that have sold one in four days, and the horizon after: each at a rate of its own,
    which varies so much about what all are forecast."""
    rng = np.random.default_rng(3)
    base = make_panel(n_series=N, n_periods=140, horizon=HORIZON)
    panel = dataclasses.replace(
        base,
        y=rng.poisson(0.25, (N, 140)).astype(np.float32),
        stocked_out=np.zeros((N, 140), np.float32),
        start=np.zeros(N, int),
    )
    rate = 0.25 * (rng.gamma(1 / varies, varies, N) if varies else np.ones(N))
    actual = rng.poisson(rate[:, None], (N, HORIZON)).astype(np.float32)
    draws = rng.poisson(0.25 * (rng.gamma(1 / varies, varies, 200_000) if varies else 1), 200_000)
    values = np.quantile(draws + rng.random(200_000), GRID).astype(np.float32)
    own = Marginals(GRID, np.broadcast_to(values, (N, HORIZON, len(GRID))), True, False)
    mean = np.full((N, HORIZON), 0.25, np.float32)
    every = np.full(N, launched)
    return panel, HeldOut(140, mean, own, actual, every, np.full(N, 2))


def test_an_error_that_stays_is_seen_in_sums():
    stays = learned_persistence(*slow_movers(varies=1.0), Calibration.identity(), seed=1)
    assert stays[:2] == (0.0, 0.0)  # of these classes nothing is known
    assert stays[2] >= 0.15
    not_so = learned_persistence(*slow_movers(varies=0.0), Calibration.identity(), seed=1)
    assert not_so[2] <= 0.075


def test_series_not_begun_and_signed_demand_say_nothing():
    panel, found = slow_movers(varies=1.0, launched=False)
    assert learned_persistence(panel, found, Calibration.identity(), seed=1) == (0.0, 0.0, 0.0)
    panel, found = slow_movers(varies=1.0)
    signed = dataclasses.replace(panel, is_signed=True)
    assert learned_persistence(signed, found, Calibration.identity(), seed=1) == (0.0, 0.0, 0.0)


def test_a_part_of_a_path_stays_as_much_as_it_should():
    rng = np.random.default_rng(0)
    templates = rng.normal(5, 3, (2, HORIZON, 4000)).astype(np.float32)
    before = templates.copy()
    found = persistent(templates, np.array([0.0, 0.6]), rng)
    np.testing.assert_array_equal(found[0], before[0])
    assert np.corrcoef(found[1, 0], found[1, -1])[0, 1] == pytest.approx(0.36, abs=0.05)
    assert np.corrcoef(before[1, 0], found[1, 0])[0, 1] == pytest.approx(0.8, abs=0.05)
