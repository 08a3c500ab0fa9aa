"""Distributions of one period's demand given the latent variables of its path.

Each has `log_density`, for training, and `draw`. `y` and `mean` are in natural units where the
demand is a count and over the series' scale otherwise; `raw` (…, 2) are a network's free outputs.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

N_RAW = 2
SMALLEST = 1e-3  # of the scale: a positive amount below it counts as this


class Likelihood(Protocol):
    """What a variational network needs of a distribution."""

    in_units: bool

    def log_density(self, y: Any, mean: Any, raw: Any) -> Any:
        """Of TensorFlow tensors."""

    def draw(self, mean: np.ndarray, raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One value for each mean; `raw` broadcasts."""


class NegativeBinomial:
    """Counts with variance mean + mean² / r."""

    in_units = True

    def log_density(self, y: Any, mean: Any, raw: Any) -> Any:
        """Up to log y!, which no parameter changes."""
        import tensorflow as tf

        r = tf.nn.softplus(raw[..., 0] + 1.0) + 0.05
        mean = mean + 1e-6
        log_total = tf.math.log(r + mean)
        density = tf.math.lgamma(y + r) - tf.math.lgamma(r)
        return density + r * (tf.math.log(r) - log_total) + y * (tf.math.log(mean) - log_total)

    def draw(self, mean: np.ndarray, raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A Poisson whose rate is a gamma."""
        r = softplus(raw[..., 0] + 1.0) + 0.05
        rate = _gamma(np.broadcast_to(r, mean.shape), rng) * mean / r
        return rng.poisson(np.minimum(rate, 1e9)).astype(np.float32)


class ZeroOrGamma:
    """Nothing, or a gamma amount, for demand that is measured and not counted."""

    in_units = False

    def log_density(self, y: Any, mean: Any, raw: Any) -> Any:
        """Of a mass at zero and a density above it."""
        import tensorflow as tf

        shape = tf.nn.softplus(raw[..., 0] + 1.0) + 0.05
        positive = tf.nn.sigmoid(raw[..., 1] + 1.0)
        rate = shape * positive / (mean + 1e-6)
        amount = tf.maximum(y, SMALLEST)
        above = shape * tf.math.log(rate) - tf.math.lgamma(shape)
        above += (shape - 1) * tf.math.log(amount) - rate * amount
        return tf.where(
            y > 0, above - tf.nn.softplus(-raw[..., 1] - 1.0), -tf.nn.softplus(raw[..., 1] + 1.0)
        )

    def draw(self, mean: np.ndarray, raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The amount where there is one."""
        shape = softplus(raw[..., 0] + 1.0) + 0.05
        positive = np.exp(-softplus(-raw[..., 1] - 1.0))
        drawn = _gamma(np.broadcast_to(shape, mean.shape), rng)
        amount = drawn * mean / (shape * positive)
        return np.where(rng.random(mean.shape) < positive, amount, 0).astype(np.float32)


class Student:
    """Signed demand, with heavy tails and at least three degrees of freedom, so with a variance."""

    in_units = False

    def log_density(self, y: Any, mean: Any, raw: Any) -> Any:
        """Up to a constant."""
        import tensorflow as tf

        spread, freedom = tf.nn.softplus(raw[..., 0]) + 1e-2, tf.nn.softplus(raw[..., 1] + 2.0) + 3
        half = (freedom + 1) / 2
        density = tf.math.lgamma(half) - tf.math.lgamma(freedom / 2) - tf.math.log(freedom) / 2
        square = ((y - mean) / spread) ** 2 / freedom
        return density - tf.math.log(spread) - half * tf.math.log1p(square)

    def draw(self, mean: np.ndarray, raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Around the mean."""
        freedom = np.broadcast_to(softplus(raw[..., 1] + 2.0) + 3, mean.shape)
        noise = rng.standard_t(freedom) * (softplus(raw[..., 0]) + 1e-2)
        return (mean + noise).astype(np.float32)


LIKELIHOODS: dict[str, Likelihood] = {
    "count": NegativeBinomial(),
    "positive": ZeroOrGamma(),
    "signed": Student(),
}
"""By the kind of a panel's demand, as `forecaster.trainer.kind_of` names it."""


def mean_given(mean: Any, moved: Any, variance: Any, is_signed: bool, exp: Any = np.exp) -> Any:
    """A period's mean where latent variables move it by `moved`, a normal of that `variance`: the
    mean itself if signed, else its log. Over all that they may do it stays `mean`.
    """
    return mean + moved if is_signed else mean * exp(moved - variance / 2)


def _gamma(shape: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Standard gamma draws: in single precision they take half as long."""
    return rng.standard_gamma(shape.astype(np.float32), dtype=np.float32)


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + e^x)."""
    return np.logaddexp(0.0, x)
