"""Losses against their closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecaster.errors import ForecastError
from forecaster.losses import (
    AtOrigin,
    Objective,
    Predicted,
    negative_binomial,
    tweedie_deviance,
)
from forecaster.network_settings import ForkedSettings
from forecaster.networks import level_weights, predicted
from forecaster.quantiles import LEVELS
from forecaster.trainer import chosen_loss, kind_of
from tests.conftest import make_panel

SHAPE = (3, 2, 4)  # series, origins, horizon


def ones(shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize("r", [1, 3, 20])
@pytest.mark.parametrize("mean", [0.1, 1.0, 7.5])
def test_negative_binomial_is_the_log_probability(r, mean):
    """Of y failures before r successes, each with the probability that gives the mean."""
    y, p = np.arange(20), r / (r + mean)
    ways = np.array([math.comb(int(k) + r - 1, int(k)) for k in y])
    expected = -np.log(ways * p**r * (1 - p) ** y)
    found = negative_binomial(y.astype(np.float32), np.float32(mean), np.float32(1 / r))
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("power", [1.1, 1.5, 1.9])
@pytest.mark.parametrize("mean", [0.4, 2.0])
def test_tweedie_is_the_integral_that_defines_the_deviance(power, mean):
    """2 ∫ (y − t) / t^power dt from the mean to y, which for y = 0 is 2 mean^(2 − p) / (2 − p)."""
    for y in (0.7, 6.0):
        t = np.linspace(mean, y, 20_001)
        expected = np.trapezoid(2 * (y - t) / t**power, t)
        found = float(tweedie_deviance(np.float32(y), np.float32(mean), power))
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    none = float(tweedie_deviance(np.float32(0), np.float32(mean), power))
    assert none == pytest.approx(2 * mean ** (2 - power) / (2 - power), rel=1e-5)
    same = float(tweedie_deviance(np.float32(mean), np.float32(mean), power))
    assert same == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("loss", ["rmsse", "mse", "tweedie", "negative_binomial", "quantile"])
def test_the_mean_that_minimises_a_loss_is_the_mean(loss):
    """Of demand 0 (three in four) and 8, over a scale of 2: the mean is 1 of the scale. The loss
    `quantile` does not look at it."""
    y = np.tile(np.float32([0, 0, 0, 4]), (*SHAPE[:2], 1))
    at = AtOrigin(ones(SHAPE[:2]), 2 * ones(SHAPE[:2]), 2 * ones(SHAPE[:2]), ones(SHAPE[:2]))
    settings = ForkedSettings(loss=loss)
    objective = Objective(settings, np.float32(LEVELS))
    quantiles = np.zeros((*SHAPE, len(LEVELS)), np.float32)

    def value(mean):
        found = Predicted(mean * ones(SHAPE), quantiles, ones(SHAPE))
        return float(objective(y, y, found, ones(SHAPE), at))

    if loss == "quantile":
        assert value(0.5) == value(1.0)
    else:
        assert value(1.0) < min(value(0.8), value(1.25))


def test_what_is_not_known_or_no_longer_sells_is_not_looked_at():
    rng = np.random.default_rng(0)
    y, known = rng.poisson(2, SHAPE).astype(np.float32), ones(SHAPE)
    known[0, :, 2:] = 0
    active = ones(SHAPE[:2])
    active[1] = 0
    at = AtOrigin(ones(SHAPE[:2]), ones(SHAPE[:2]), ones(SHAPE[:2]), active)
    quantiles = np.zeros((*SHAPE, len(LEVELS)), np.float32)
    for loss in ("rmsse", "mse", "tweedie", "negative_binomial"):
        # the relative bias of totals is over all series, also those that no longer sell
        settings = ForkedSettings(loss=loss, total_weight=0, bias_weight=0)
        objective = Objective(settings, np.float32(LEVELS))
        mean, other = ones(SHAPE), ones(SHAPE)
        other[0, :, 2:] = other[1] = 5
        first, second = (
            float(objective(y, y, Predicted(m, quantiles, ones(SHAPE)), known, at))
            for m in (mean, other)
        )
        assert first == second


def test_losses_are_refused_where_demand_is_not_what_they_are_of():
    signed, counts = make_panel(signed=True), make_panel()
    fractions = make_panel()
    fractions.y[0, 0] += 0.5
    assert [kind_of(panel) for panel in (signed, counts, fractions)] == [
        "signed",
        "count",
        "positive",
    ]
    for loss in ("tweedie", "negative_binomial"):
        with pytest.raises(ForecastError, match=f"loss {loss} is of .*'small' is signed"):
            chosen_loss(loss, signed)
        chosen_loss(loss, counts)
    with pytest.raises(ForecastError, match="whole numbers.*has fractions"):
        chosen_loss("negative_binomial", fractions)
    assert chosen_loss("tweedie", fractions) == "tweedie"
    for loss in ("rmsse", "mse", "quantile"):
        chosen_loss(loss, signed)


def test_the_mean_of_quantiles_is_the_mean():
    """Of an exponential distribution, and of counts that were jittered."""
    levels = np.float32(LEVELS)
    weights = level_weights(levels)
    assert weights.sum() == pytest.approx(1)
    quantiles = -np.log1p(-np.array(LEVELS))
    assert (quantiles * weights).sum() == pytest.approx(1, abs=0.03)
    raw = np.concatenate([[0.0], quantiles[:1], np.log(np.expm1(np.diff(quantiles))) + 1.5])
    at = AtOrigin(*(2 * ones((1, 1)) for _ in range(4)))
    outputs = np.float32(raw)[None, None, None]
    for kind, expected in (("positive", 1.0), ("count", 0.75)):
        found = predicted(outputs, at, ones((1, 1, 1)), levels, "quantile", kind)
        np.testing.assert_allclose(found.quantiles[0, 0, 0], quantiles, rtol=1e-4)
        assert float(found.mean[0, 0, 0]) == pytest.approx(expected, abs=0.03)
