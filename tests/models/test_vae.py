from __future__ import annotations

import contextlib
import dataclasses
import math

import numpy as np
import pytest

from forecaster.likelihoods import NegativeBinomial, Student, ZeroOrGamma, mean_given
from forecaster.models.base import EpochRecord, silent
from forecaster.models.vae import VAE, VAESettings, antithetic
from tests.conftest import make_panel
from tests.models.model_checks import (
    check_blind_to_future,
    check_forecast,
    check_same_after_loading,
    fitted,
)

SMALL = VAESettings(
    units=6,
    decoder_units=6,
    latent=2,
    samples=20,
    epochs=2,
    steps_per_epoch=2,
    batch_series=8,
    calibration_origins=2,
)


def small() -> VAE:
    return VAE(SMALL)


def test_a_loaded_model_forecasts_and_draws_the_same(panel, tmp_path):
    model, forecast = fitted(small(), panel)
    check_forecast(forecast, panel, len(model.run.quantiles))
    rows = np.array([4, 3, 9])
    paths = model.paths(panel.at(panel.cutoff), rows, 30)
    assert paths.shape == (3, panel.horizon, 30)
    assert (paths >= 0).all()
    assert len(np.unique(paths)) > 500  # counts are jittered: what is equal has no order
    check_same_after_loading(model, panel, forecast, tmp_path)
    again = VAE.load(tmp_path).paths(panel.at(panel.cutoff, model.encoding), rows, 30)
    np.testing.assert_array_equal(again, paths)


def test_weeks_of_a_measured_amount():
    panel = make_panel(n_series=6, season_length=52, n_periods=120)
    panel = dataclasses.replace(
        panel, frequency="week", y=panel.y * 0.35, y_train=panel.y_train * 0.35
    )
    model, forecast = fitted(small(), panel)
    assert model.loss == "positive"
    check_forecast(forecast, panel, len(model.run.quantiles))
    paths = model.paths(panel.at(panel.cutoff), np.arange(6), 20)
    assert (paths >= 0).all()
    assert (paths == 0).any()


def test_blind_to_future():
    panel, model = make_panel(n_series=5), small()  # compiled once; a fit sets all of it back
    check_blind_to_future(lambda: model, panel, panel.ds[70])


def test_a_level_that_moves_makes_the_sums_of_paths_as_wide_as_they_are():
    """A series' weeks share a random level: what encoder and decoder learn is that days of a path
    hang together, so a sum's variance is far above the sum of variances, and about the truth's.
    """
    panel = make_panel(n_series=96, n_periods=140)
    rng = np.random.default_rng(3)
    blocks = rng.gamma(3.0, 1 / 3.0, (96, 21)).repeat(7, axis=1)
    blocks = blocks[:, 3 : 3 + 140]  # a change may fall on any day after an origin
    y = rng.poisson(8 * blocks).astype(np.float32)
    panel = dataclasses.replace(panel, y=y, y_train=y.copy(), start=np.zeros(96, np.int64))
    cut = panel.at(panel.ds[132])
    settings = VAESettings(
        units=8, decoder_units=16, latent=2, epochs=16, learning_rate=0.01, annealing=50
    )
    model = VAE(settings)
    model.fit(cut, None)
    paths = model.paths(cut, np.arange(96), 100) - 0.5
    of_sum, of_days = paths.sum(1).var(1).mean(), paths.var(2).sum(1).mean()
    assert of_sum > 1.5 * of_days
    actual = panel.y[:, 133:140].sum(1)
    ratio = of_sum / ((actual - paths.sum(1).mean(1)) ** 2).mean()
    assert 0.5 < ratio < 2


def test_a_few_signed_months():
    panel = make_panel(n_series=3, n_periods=9, season_length=1, signed=True)
    panel = dataclasses.replace(panel, frequency="month")
    model, cut = small(), panel.at(panel.cutoff)
    model.fit(cut, None)
    check_forecast(model.predict(cut), panel, len(model.run.quantiles))
    assert (model.paths(cut, np.arange(3), 20) < 0).any()


def test_a_stopped_training_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    """The draws of the latent variables go on too, and so does what the divergence counts."""
    panel = make_panel(n_series=6)
    cut = panel.at(panel.cutoff)
    whole = VAE(SMALL.model_copy(update={"epochs": 3}))
    whole.fit(cut, None)

    def stop(record: EpochRecord) -> None:
        if record.epoch == 2:
            raise KeyboardInterrupt

    for report in (stop, silent):
        model = VAE(whole.settings)
        model.trainer, model.shape, model.checkpoints = whole.trainer, whole.shape, tmp_path
        with contextlib.suppress(KeyboardInterrupt):
            model.fit(cut, None, report)
    for found, expected in zip(model.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_latent_draws_have_mean_zero_and_variance_one():
    z = antithetic(3, 4, 2000, np.random.default_rng(0))
    np.testing.assert_allclose(z.mean(-1), 0, atol=1e-6)
    np.testing.assert_allclose(z.std(-1), 1, atol=0.1)
    assert antithetic(3, 4, 21, np.random.default_rng(0)).shape == (3, 4, 21)


@pytest.mark.parametrize("is_signed", [True, False])
def test_over_what_latent_variables_do_the_mean_stays(is_signed):
    moved = 0.7 * antithetic(1, 1, 400_000, np.random.default_rng(0))[0, 0]
    found = mean_given(3.0, moved, 0.49, is_signed)
    assert found.mean() == pytest.approx(3, rel=0.01)
    assert found.std() > 0.5


@pytest.mark.parametrize(
    ("likelihood", "grid"),
    [
        (NegativeBinomial(), np.arange(0.0, 400.0)),
        (ZeroOrGamma(), np.concatenate([[0.0], np.arange(0.01, 80, 0.02)])),
        (Student(), np.arange(-200, 200, 0.02)),
    ],
)
def test_densities_are_those_of_the_draws(likelihood, grid):
    """Mass 1, up to the factor left out, and the mean that was asked for."""
    mean, raw = np.full(grid.shape, 2.5), np.tile([0.3, -0.4], (len(grid), 1))
    log = likelihood.log_density(
        grid.astype(np.float32), mean.astype(np.float32), raw.astype(np.float32)
    ).numpy()
    width = np.ones(len(grid))
    if isinstance(likelihood, NegativeBinomial):
        log = log - np.array([math.lgamma(y + 1) for y in grid])
    elif isinstance(likelihood, ZeroOrGamma):
        width[1:] = 0.02
    else:
        width *= 0.02 / np.sqrt(np.pi)
    mass = np.exp(log.astype(float)) * width
    assert mass.sum() == pytest.approx(1, abs=0.01)
    assert (mass * grid).sum() == pytest.approx(2.5, abs=0.05)
    n = 200_000
    draws = likelihood.draw(np.full(n, 2.5), np.tile([0.3, -0.4], (n, 1)), np.random.default_rng(1))
    assert draws.mean() == pytest.approx(2.5, abs=0.05)
    variance = (mass * grid**2).sum() - 2.5**2
    assert draws.var() == pytest.approx(variance, rel=0.1)
