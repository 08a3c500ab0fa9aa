"""Losses of the neural models, in units of a series' scale; shapes (series, origins, horizon)."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

DISPERSED = "negative_binomial"  # the loss that needs a dispersion of every forecast


class AtOrigin(NamedTuple):
    """What is known of a series at its origins, each (series, origins); `level` is over scale."""

    level: Any
    scale: Any
    deviation: Any
    active: Any


class Predicted(NamedTuple):
    """Mean (series, origins, horizon), quantiles (…, levels), and the dispersion of counts, where
    it is learned.
    """

    mean: Any
    quantiles: Any
    dispersion: Any = None

    def as_numpy(self) -> Predicted:
        """Tensors as arrays."""
        return Predicted(*(part if part is None else part.numpy() for part in self))

    def until(self, steps: int) -> Predicted:
        """The first steps of the horizon."""
        return Predicted(*(part if part is None else part[:, :, :steps] for part in self))


class Objective:
    """What a network minimises: the loss of its mean, and that of its quantiles.

    `settings` are those of a forked network. The loss `quantile` looks at the quantiles alone.
    """

    def __init__(self, settings: Any, levels: Any) -> None:
        self.settings, self.levels = settings, levels

    def __call__(self, y: Any, jittered: Any, found: Predicted, known: Any, at: AtOrigin) -> Any:
        """The loss of a batch; quantiles are learned of the jittered demand."""
        s = self.settings
        spread = quantile_loss(jittered, found.quantiles, known, at, self.levels)
        if s.loss == "quantile":
            return spread
        if s.loss == "rmsse":
            mean = rmsse_loss(y, found.mean, known, at, s.total_weight, s.bias_weight)
        else:
            mean = weighted_mean(self._unit_loss(y, found, at), known * at.active[..., None], at)
        return mean + s.quantile_weight * spread

    def _unit_loss(self, y: Any, found: Predicted, at: AtOrigin) -> Any:
        if self.settings.loss == "mse":
            return tf.square(y - found.mean)
        if self.settings.loss == "tweedie":
            return tweedie_deviance(y, found.mean, self.settings.tweedie_power)
        scale = at.scale[..., None]
        return negative_binomial(y * scale, found.mean * scale, found.dispersion)


def pinball(y: Any, quantiles: Any, levels: Any) -> Any:
    """Mean over the grid of max(τ(y − q), (τ − 1)(y − q)); quantiles (…, levels)."""
    # max(τe, (τ − 1)e) is max(e, 0) − (1 − τ)e, whose second part is a product with a vector
    above = tf.reduce_mean(tf.nn.relu(y[..., None] - quantiles), axis=-1)
    weights = (1 - levels) / len(levels)
    return above - (y * weights.sum() - tf.tensordot(quantiles, weights, 1))


def tweedie_deviance(y: Any, mean: Any, power: float) -> Any:
    """Deviance of each y ≥ 0 from a mean > 0, of a Tweedie distribution of 1 < power < 2.

    Jørgensen, "Exponential Dispersion Models" (JRSS B 1987): 0 where y is the mean. It has the unit
    of y to the power 2 − `power`.
    """
    mean = tf.maximum(mean, 1e-6)
    one, two = 1 - power, 2 - power
    return 2 * (y**two / (one * two) - y * mean**one / one + mean**two / two)


def negative_binomial(y: Any, mean: Any, dispersion: Any) -> Any:
    """−log P(y) of counts with that mean and the variance mean + dispersion · mean².

    The second parametrisation of Cameron and Trivedi, "Regression Analysis of Count Data" (1998,
    section 3.3), NB2.
    """
    mean, r = tf.maximum(mean, 1e-6), 1 / dispersion
    log_share = tf.math.log(mean) - tf.math.log(r + mean)
    return -(
        tf.math.lgamma(y + r)
        - tf.math.lgamma(r)
        - tf.math.lgamma(y + 1)
        - r * tf.math.log1p(dispersion * mean)
        + y * log_share
    )


def weighted_mean(loss: Any, known: Any, origin: AtOrigin) -> Any:
    """Mean over what is known, weighted by the root of the scale."""
    weight = known * tf.sqrt(origin.scale)[..., None]
    return tf.reduce_sum(weight * loss) / (tf.reduce_sum(weight) + 1e-9)


def rmsse_loss(
    y: Any, mean: Any, known: Any, origin: AtOrigin, total_weight: float, bias_weight: float
) -> Any:
    """RMSSE, mean over series and origins, and the WAPE and squared relative bias of horizon
    totals.

    RMSSE and WAPE alone would favour the low side of skewed demand.
    """
    error = (mean - y) * known
    count = tf.reduce_sum(known, axis=-1)
    counted = tf.cast(count > 0, tf.float32) * origin.active
    square = tf.reduce_sum(error**2, axis=-1) / tf.maximum(count, 1.0)
    square *= (origin.scale / origin.deviation) ** 2
    rmsse = tf.reduce_sum(counted * tf.sqrt(square + 1e-4)) / (tf.reduce_sum(counted) + 1e-9)
    volume = tf.reduce_sum(origin.scale[..., None] * tf.abs(y) * known) + 1e-6
    total = tf.reduce_sum(error, axis=-1) * origin.scale
    wape = tf.reduce_sum(tf.abs(total)) / volume
    bias = tf.square(tf.reduce_sum(total) / volume)
    return rmsse + total_weight * wape + bias_weight * bias


def quantile_loss(y: Any, quantiles: Any, known: Any, origin: AtOrigin, levels: Any) -> Any:
    """Pinball loss, weighted by the root of the scale."""
    return weighted_mean(pinball(y, quantiles, levels), known, origin)
