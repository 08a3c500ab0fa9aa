from __future__ import annotations

import json

import numpy as np
import pytest

from forecaster.held_out import HeldOut
from forecaster.quantiles import LEVELS, Marginals
from forecaster.relative import RelativeDemand

GRID = np.array(LEVELS)
HORIZON = 8


def held_out(mean: np.ndarray, actual: np.ndarray, is_count: bool = True) -> HeldOut:
    """A forecast whose own distributions are all zero."""
    own = Marginals(GRID, np.zeros((*mean.shape, len(GRID)), np.float32), is_count, False)
    n = len(mean)
    return HeldOut(100, mean, own, actual, np.ones(n, bool), np.zeros(n, int))


def poisson(n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Means from nearly nothing to 50, and what comes of them."""
    rng = np.random.default_rng(0)
    mean = np.exp(rng.uniform(np.log(0.02), np.log(50), (n, HORIZON))).astype(np.float32)
    return mean, rng.poisson(mean).astype(np.float32)


def test_the_spread_about_a_mean_is_that_of_its_size():
    found = RelativeDemand.learned([held_out(*poisson())], seed=1)
    wanted = np.array([0.1, 0.5, 0.9])
    for mean, truth in ((0.05, (0, 0, 0)), (1.0, (0, 1, 2)), (8.0, (5, 8, 12)), (40, (32, 40, 48))):
        quantiles = found.of(np.full((1, HORIZON), mean, np.float32), is_count=True).at(wanted)
        assert np.abs(quantiles - truth).max() <= 1
    none = found.of(np.zeros((1, HORIZON), np.float32), is_count=True)
    assert np.isfinite(none.values).all()
    assert (np.diff(none.values, axis=-1) >= 0).all()


def test_quarters_of_the_horizon_differ_where_there_is_enough_to_tell():
    """In the second half demand is twice what was forecast."""
    mean = np.full((6000, HORIZON), 10, np.float32)
    actual = np.random.default_rng(1).poisson(mean * (1 + (np.arange(HORIZON) >= 4)))
    for n, apart in ((6000, True), (20, False)):
        found = RelativeDemand.learned([held_out(mean[:n], actual[:n].astype(np.float32))], seed=1)
        median = found.of(mean[:1], is_count=True).at(np.array([0.5]))[0, :, 0]
        assert (median[-1] > 1.7 * median[0]) == apart


def test_what_is_not_counted_scales_with_its_unit():
    mean, actual = poisson(500)
    grams, kilograms = (
        RelativeDemand.learned([held_out(mean * unit, actual * unit, is_count=False)], seed=1)
        .of(mean[:5] * unit, is_count=False)
        .values
        for unit in (1000, 1)
    )
    np.testing.assert_allclose(grams, 1000 * kilograms, rtol=1e-3, atol=1e-3)
    assert (kilograms >= 0).all()


def test_what_is_not_known_says_nothing():
    mean, actual = poisson(200)
    some = actual.copy()
    some[:, 3] = np.nan
    few = RelativeDemand.learned([held_out(mean, some)], seed=1)
    kept = np.arange(HORIZON) != 3
    same = RelativeDemand.learned([held_out(mean, np.where(kept, actual, np.nan))], seed=1)
    np.testing.assert_array_equal(few.ratios, same.ratios)
    assert (
        few.to_json() == RelativeDemand.from_json(json.loads(json.dumps(few.to_json()))).to_json()
    )


@pytest.mark.parametrize("n", [1, 3])
def test_few_demands_have_one_size(n):
    mean, actual = poisson(n)
    found = RelativeDemand.learned([held_out(mean, actual)], seed=1)
    assert found.ratios.shape == (4, 1, len(GRID))
    assert np.isfinite(found.of(mean, is_count=True).values).all()
