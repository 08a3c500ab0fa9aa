"""Losses of the neural models, in units of a series' scale; shapes (series, origins, horizon)."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf


class AtOrigin(NamedTuple):
    """What is known of a series at its origins, each (series, origins); `level` is over scale."""

    level: Any
    scale: Any
    deviation: Any
    active: Any


def pinball(y: Any, quantiles: Any, levels: Any) -> Any:
    """Mean over the grid of max(τ(y − q), (τ − 1)(y − q)); quantiles (…, levels)."""
    error = y[..., None] - quantiles
    return tf.reduce_mean(tf.maximum(levels * error, (levels - 1) * error), axis=-1)


def mean_loss(
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
    weight = known * tf.sqrt(origin.scale)[..., None]
    return tf.reduce_sum(weight * pinball(y, quantiles, levels)) / (tf.reduce_sum(weight) + 1e-9)
