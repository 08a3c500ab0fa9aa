"""Networks of the neural models."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from forecaster.losses import AtOrigin

# an increment is 0.2 of the scale at first, and the grid some three scales wide
FIRST_INCREMENT = -1.5


class ForkedNetwork(keras.Model):
    """An encoder over a window; from each origin a head gives all steps of the horizon.

    Forking sequences after Wen et al., "A Multi-Horizon Quantile Recurrent Forecaster" (arXiv
    1711.11053). `encoder` is a layer from projected inputs (series, periods, units) to a state of
    every period, which must depend on none after it. Inputs: sequence (series, periods, k),
    positions of the origins (origins,), horizon (series, origins, horizon, m), static codes
    (series, c), static numbers (series, n). Outputs: the mean's correction (series, origins,
    horizon) and raw quantiles (series, origins, horizon, levels). The correction starts at zero.
    """

    def __init__(
        self,
        encoder: Any,
        units: int,
        head_units: int,
        embedding_units: int,
        dropout: float,
        n_quantiles: int,
        cardinalities: tuple[int, ...],
    ) -> None:
        super().__init__()
        layers = keras.layers
        self.embeddings = [layers.Embedding(n, min(embedding_units, 1 + n)) for n in cardinalities]
        self.project = layers.Dense(units, activation="relu")
        self.encoder = encoder
        self.dropout = layers.Dropout(dropout)
        self.from_state = layers.Dense(head_units)
        self.from_inputs = layers.Dense(head_units, use_bias=False)
        self.from_horizon = layers.Dense(head_units, use_bias=False)
        self.hidden = layers.Dense(head_units, activation="relu")
        self.mean = layers.Dense(1, kernel_initializer="zeros")
        self.quantile = layers.Dense(n_quantiles)

    def call(self, inputs: Any, training: bool = False) -> Any:
        sequence, positions, horizon, codes, numbers = inputs
        static = [embed(codes[:, i]) for i, embed in enumerate(self.embeddings)]
        static = tf.concat([*static, numbers], axis=-1)
        tiled = tf.repeat(static[:, None], tf.shape(sequence)[1], axis=1)
        inputs = tf.concat([sequence, tiled], axis=-1)
        states = tf.gather(self.encoder(self.project(inputs)), positions, axis=1)
        context = self.from_state(self.dropout(states, training=training))
        context += self.from_inputs(tf.gather(inputs, positions, axis=1))
        hidden = tf.nn.relu(context[:, :, None] + self.from_horizon(horizon))
        hidden = self.hidden(self.dropout(hidden, training=training))
        return self.mean(hidden)[..., 0], self.quantile(hidden)


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


def distribution(outputs: Any, at: AtOrigin, base: Any, is_signed: bool) -> tuple[Any, Any]:
    """Mean and non-crossing quantiles in units of the scale.

    The lowest quantile is free, each further one adds a softplus increment. Unless signed, the mean
    is not negative and what quantiles are below zero is a tenth of what it was: whoever forecasts
    cuts it off, but a quantile cut off in training would have no slope to leave zero by.
    """
    correction, raw = outputs
    if is_signed:
        mean = at.level[..., None] + correction
    else:
        mean = base * tf.exp(tf.clip_by_value(correction, -4.0, 3.0))
    lowest = raw[..., :1] + (at.level[..., None, None] if is_signed else 0.0)
    increments = tf.cumsum(tf.nn.softplus(raw[..., 1:] + FIRST_INCREMENT), axis=-1)
    quantiles = tf.concat([lowest, lowest + increments], axis=-1)
    return mean, quantiles if is_signed else tf.nn.leaky_relu(quantiles, alpha=0.1)
