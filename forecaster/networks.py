"""Networks of the neural models."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from forecaster.losses import DISPERSED, AtOrigin, Predicted
from forecaster.text import BUCKETS

# an increment is 0.2 of the scale at first, and the grid some three scales wide
FIRST_INCREMENT = -1.5
JITTER_MEAN = 0.5


class ForkedNetwork(keras.Model):
    """An encoder over a window; from each origin a head gives all steps of the horizon.

    Forking sequences after Wen et al., "A Multi-Horizon Quantile Recurrent Forecaster" (arXiv
    1711.11053). The encoder reads `patch` periods as one: it is a layer from (series, patches,
    units) to a state of every patch, which must depend on none after it. Inputs: sequence (series,
    periods, k), positions of the origins' last periods (origins,), each the last of a patch,
    horizon (series, origins, horizon, m), static codes (series, c), static numbers (series, n),
    text (series, pieces). Outputs: the mean's correction, which starts at zero, and `n_spread`
    numbers that say the distribution around it: (series, origins, horizon, 1 + n_spread). They are
    raw quantiles and, for the loss that needs it, the raw dispersion.
    """

    def __init__(
        self,
        encoder: Any,
        patch: int,
        settings: Any,
        n_spread: int,
        cardinalities: tuple[int, ...],
        has_text: bool,
    ) -> None:
        super().__init__()
        s, layers = settings, keras.layers
        width = s.embedding_units
        self.embeddings = [layers.Embedding(n, min(width, 1 + n)) for n in cardinalities]
        # from zero, so that a piece never learned says nothing
        self.text = (
            layers.Embedding(BUCKETS + 1, width, embeddings_initializer="zeros")
            if has_text
            else None
        )
        self.patch = patch
        self.project = layers.Dense(s.units)
        self.project_static = layers.Dense(s.units, use_bias=False)
        self.encoder = encoder
        self.dropout = layers.Dropout(s.dropout)
        self.from_state = layers.Dense(s.decoder_units)
        self.from_inputs = layers.Dense(s.decoder_units, use_bias=False)
        self.from_static = layers.Dense(s.decoder_units, use_bias=False)
        self.from_horizon = layers.Dense(s.decoder_units, use_bias=False)
        self.hidden = layers.Dense(s.decoder_units, activation="relu")
        self.mean = layers.Dense(1, kernel_initializer="zeros")
        self.spread = layers.Dense(n_spread)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.heads(self.ahead(inputs, training))

    def ahead(self, inputs: Any, training: bool = False) -> Any:
        """What is known of each step of the horizon, (series, origins, horizon, decoder units)."""
        sequence, positions, horizon, codes, numbers, pieces = inputs
        static = self._static(codes, numbers, pieces)
        n_patches = tf.shape(sequence)[1] // self.patch
        patches = tf.reshape(sequence, (-1, n_patches, self.patch * sequence.shape[-1]))
        projected = tf.nn.relu(self.project(patches) + self.project_static(static)[:, None])
        states = tf.gather(self.encoder(projected), (positions + 1) // self.patch - 1, axis=1)
        context = self.from_state(self.dropout(states, training=training))
        context += self.from_inputs(tf.gather(sequence, positions, axis=1))
        context += self.from_static(static)[:, None]
        hidden = tf.nn.relu(context[:, :, None] + self.from_horizon(horizon))
        return self.hidden(self.dropout(hidden, training=training))

    def heads(self, hidden: Any) -> Any:
        """The outputs, from what `ahead` gave."""
        return tf.cast(tf.concat([self.mean(hidden), self.spread(hidden)], axis=-1), tf.float32)

    def _static(self, codes: Any, numbers: Any, pieces: Any) -> Any:
        """(series, k): embedded categories, numbers, and the mean of the text's embedded pieces."""
        parts = [embed(codes[:, i]) for i, embed in enumerate(self.embeddings)]
        if self.text is not None:
            is_piece = tf.cast(pieces > 0, self.compute_dtype)[..., None]
            count = tf.maximum(tf.reduce_sum(is_piece, axis=1), 1.0)
            parts.append(tf.reduce_sum(self.text(pieces) * is_piece, axis=1) / count)
        return tf.concat([*parts, tf.cast(numbers, self.compute_dtype)], axis=-1)


class CausalConvolutions(keras.layers.Layer):
    """Residual dilated convolutions, (series, periods, units) to the same shape.

    After van den Oord et al., "WaveNet" (arXiv 1609.03499, section 2.1), without its gates, and Bai
    et al., "An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
    Modeling" (arXiv 1803.01271, section 3). Padding is on the left alone, so no period sees a later
    one.
    """

    def __init__(self, units: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convolutions = [
            keras.layers.Conv1D(
                units, kernel, padding="causal", dilation_rate=dilation, activation="relu"
            )
            for dilation in dilations
        ]

    def call(self, x: Any) -> Any:
        for convolution in self.convolutions:
            x = x + convolution(x)
        return x


def predicted(
    outputs: Any, at: AtOrigin, base: Any, levels: np.ndarray, loss: str, kind: str
) -> Predicted:
    """Mean and non-crossing quantiles in units of the scale, from a network's outputs.

    `kind` of demand is signed, positive or count (`kind_of`). The lowest quantile is free, each
    further one adds a softplus increment. Unless signed, the mean is not negative and what
    quantiles are below zero is a tenth of what it was: whoever forecasts cuts it off, but a
    quantile cut off in training would have no slope to leave zero by. Under the loss `quantile` the
    mean is that of the quantiles.
    """
    is_signed = kind == "signed"
    n = len(levels)
    correction, raw = outputs[..., 0], outputs[..., 1 : 1 + n]
    lowest = raw[..., :1] + (at.level[..., None, None] if is_signed else 0.0)
    increments = tf.nn.softplus(raw[..., 1:] + FIRST_INCREMENT)
    # their sums up to each level: a product with a matrix takes half the time of a cumulative sum
    parts = tf.reshape(tf.concat([lowest, increments], axis=-1), (-1, n))
    quantiles = tf.reshape(parts @ np.triu(np.ones((n, n), np.float32)), tf.shape(raw))
    quantiles = quantiles if is_signed else tf.nn.leaky_relu(quantiles, alpha=0.1)
    if loss == "quantile":
        mean = tf.reduce_sum(quantiles * level_weights(levels), axis=-1)
        mean -= JITTER_MEAN / at.scale[..., None] if kind == "count" else 0.0
        mean = mean if is_signed else tf.nn.relu(mean)
    elif is_signed:
        mean = at.level[..., None] + correction
    else:
        mean = base * tf.exp(tf.clip_by_value(correction, -4.0, 3.0))
    dispersion = tf.nn.softplus(outputs[..., 1 + n]) + 1e-3 if loss == DISPERSED else None
    return Predicted(mean, quantiles, dispersion)


def level_weights(levels: np.ndarray) -> np.ndarray:
    """(levels,) that sum to 1: the mean of a distribution is the integral of its quantiles, here
    by the trapezoid rule, with the outermost ones standing for what lies beyond them.
    """
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    return np.diff(edges).astype(np.float32)
