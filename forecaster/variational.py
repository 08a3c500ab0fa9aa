"""The network of `vae` and its training: a forked network that knows latent variables of a path."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from forecaster.likelihoods import LIKELIHOODS, N_RAW, mean_given
from forecaster.losses import AtOrigin
from forecaster.networks import ForkedNetwork
from forecaster.origins import Origins
from forecaster.panel import Panel
from forecaster.trainer import Trainer

FIRST_LOADING = 0.2  # of every latent variable on the mean, so that they matter from the start
LARGEST_LOADING = 0.5
LOWEST, HIGHEST = -4.0, 3.0  # log of the mean over the base


class Decoded(NamedTuple):
    """Of every step: the mean (series, origins, horizon) over the scale, the free outputs of its
    likelihood (…, 2) and the loadings of the latent variables (…, latent).
    """

    mean: Any
    raw: Any
    loading: Any

    def as_numpy(self) -> Decoded:
        """Tensors as arrays."""
        return Decoded(*(part.numpy() for part in self))


class VariationalNetwork(ForkedNetwork):
    """A conditional variational auto-encoder over the path of the horizon.

    After Kingma and Welling, "Auto-Encoding Variational Bayes" (arXiv 1312.6114) and Sohn et al.,
    "Learning Structured Output Representation using Deep Conditional Generative Models" (NeurIPS
    2015). The context is what a forked network knows at an origin. Encoder: q(z | path, context) is
    a normal of independent parts. Decoder: given z and the context the periods are independent, so
    z carries all dependence over the horizon; the log of a period's mean (of signed demand, the
    mean) is linear in z, with loadings that a network gives of the context and the step. The prior
    of z is standard normal.
    """

    def __init__(
        self,
        encoder: Any,
        patch: int,
        settings: Any,
        horizon: int,
        cardinalities: tuple[int, ...],
        has_text: bool,
    ) -> None:
        super().__init__(encoder, patch, settings, N_RAW, cardinalities, has_text)
        units, latent = settings.decoder_units, settings.latent
        self.loading = keras.layers.Dense(
            latent, bias_initializer=keras.initializers.Constant(FIRST_LOADING)
        )
        self.from_path = keras.layers.Dense(2 * units)
        self.from_context = keras.layers.Dense(2 * units, use_bias=False)
        self.to_posterior = keras.layers.Dense(2 * latent, kernel_initializer="zeros")
        self.noise = keras.random.SeedGenerator(0)
        self.from_path.build((None, None, 2 * horizon))
        self.from_context.build((None, None, units))
        self.to_posterior.build((None, None, 2 * units))

    def heads(self, hidden: Any) -> Any:
        """(…, 1 + 2 + latent): correction of the mean, free outputs, loadings."""
        loading = tf.cast(self.loading(hidden), tf.float32)
        return tf.concat([super().heads(hidden), loading], axis=-1)

    def posterior(self, hidden: Any, path: Any, known: Any) -> tuple[Any, Any]:
        """Mean and log variance of q(z | path, context), (series, origins, latent) each."""
        seen = tf.concat([path * known, known], axis=-1)
        context = self.from_context(tf.reduce_mean(hidden, axis=2))
        both = self.to_posterior(tf.nn.relu(self.from_path(seen) + context))
        mean, log_variance = tf.split(tf.cast(both, tf.float32), 2, axis=-1)
        return mean, tf.clip_by_value(log_variance, -8.0, 2.0)


class VariationalTrainer(Trainer):
    """Minimises minus the evidence lower bound of the paths, per period."""

    def made(self, encoder: Any, patch: int, panel: Panel, has_text: bool) -> Any:
        """The network, before it has seen any input."""
        self.likelihood = LIKELIHOODS[self.kind]
        self.goes_on = tf.Variable(0.0, trainable=False)  # 1 where it begins from learned weights
        return VariationalNetwork(
            encoder, patch, self.settings, panel.horizon, panel.cardinalities, has_text
        )

    def begin(self, weights: Sequence[np.ndarray] | None = None) -> None:
        """As any network; from learned weights on, the divergence counts in full at once."""
        super().begin(weights)
        self.goes_on.assign(0.0 if weights is None else 1.0)

    def predicted(self, outputs: Any, at: AtOrigin, base: Any) -> Decoded:
        """The distribution of every step, whose mean is the one over all z."""
        correction, raw, loading = tf.split(outputs, [1, N_RAW, -1], axis=-1)
        correction, loading = correction[..., 0], LARGEST_LOADING * tf.tanh(loading)
        if self.kind == "signed":
            return Decoded(at.level[..., None] + correction, raw, loading)
        return Decoded(base * tf.exp(tf.clip_by_value(correction, LOWEST, HIGHEST)), raw, loading)

    def loss(self, inputs: Any, at: Any, base: Any, y: Any, jittered: Any, known: Any) -> Any:
        """Minus the bound, the divergence's part of it growing over the first steps."""
        del jittered  # the densities are those of counts themselves
        s, network = self.settings, self.network
        hidden = network.ahead(inputs, training=True)
        middle, log_variance = network.posterior(hidden, self._path(y, at, base), known)
        noise = keras.random.normal(tf.shape(middle), seed=network.noise)
        z = middle + tf.exp(log_variance / 2) * noise
        evidence = self._evidence(y, known, self.predicted(network.heads(hidden), at, base), z, at)
        counted = tf.cast(tf.reduce_sum(known, -1) > 0, tf.float32) * at.active
        share = counted / (tf.reduce_sum(counted) + 1e-9)
        apart = tf.reduce_sum(share[..., None] * divergence(middle, log_variance), axis=(0, 1))
        apart = tf.reduce_sum(tf.maximum(apart, s.free_bits))
        annealed = tf.minimum(tf.cast(self.optimizer.iterations + 1, tf.float32) / s.annealing, 1.0)
        annealed = tf.maximum(annealed, self.goes_on)
        steps = tf.cast(tf.shape(y)[-1], tf.float32)
        return (annealed * apart - tf.reduce_sum(share * evidence)) / steps

    def bound(
        self, data: Origins, rows: np.ndarray, held_out: Panel, rng: np.random.Generator
    ) -> tuple[float, float]:
        """The lower bound of what `held_out` knows after the last origin, and how many periods that
        are; of series that are active.
        """
        panel = data.signals.panel
        inputs, at, base = data.inputs(rows, np.array([panel.n_periods]))
        y, known = data.ahead(rows, held_out, panel.n_periods)
        missing = [(0, 0), (0, 0), (0, panel.horizon - y.shape[-1])]
        y, known = np.pad(y, missing), np.pad(known, missing).astype(np.float32)
        y = np.where(known > 0, y / at.scale[..., None], 0).astype(np.float32)
        noise = rng.standard_normal((len(rows), 1, self.settings.latent)).astype(np.float32)
        bounds = self._bounds(inputs, AtOrigin(*map(_float, at)), _float(base), y, known, noise)
        weight = at.active * (known.sum(-1) > 0)
        return float((weight * bounds.numpy()).sum()), float((weight[..., None] * known).sum())

    def _bounds(self, inputs: Any, at: Any, base: Any, y: Any, known: Any, noise: Any) -> Any:
        hidden = self._hidden(inputs)
        middle, log_variance = self.network.posterior(hidden, self._path(y, at, base), known)
        z = middle + tf.exp(log_variance / 2) * noise
        found = self.predicted(self.network.heads(hidden), at, base)
        apart = tf.reduce_sum(divergence(middle, log_variance), axis=-1)
        return self._evidence(y, known, found, z, at) - apart

    @cached_property
    def _hidden(self) -> Any:
        return tf.function(self.network.ahead, input_signature=[self.inputs], autograph=False)

    def _evidence(self, y: Any, known: Any, found: Decoded, z: Any, at: Any) -> Any:
        """(series, origins) log density of the known periods of paths y over the scale, given z."""
        unit = at.scale[..., None] if self.likelihood.in_units else 1.0
        moved, variance = (
            tf.reduce_sum(found.loading * by, axis=-1) for by in (z[:, :, None], found.loading)
        )
        mean = mean_given(found.mean, moved, variance, self.kind == "signed", tf.exp)
        density = self.likelihood.log_density(y * unit, mean * unit, found.raw)
        return tf.reduce_sum(known * density, axis=-1)

    def _path(self, y: Any, at: AtOrigin, base: Any) -> Any:
        """(series, origins, horizon): how paths over the scale depart from what was expected."""
        if self.kind == "signed":
            return tf.asinh(y - at.level[..., None])
        return tf.math.log1p(y) - tf.math.log1p(base)


def divergence(mean: Any, log_variance: Any) -> Any:
    """(…, latent) Kullback-Leibler divergence of a normal from the standard normal."""
    return (tf.exp(log_variance) + mean**2 - 1 - log_variance) / 2


def _float(values: Any) -> Any:
    return tf.cast(values, tf.float32)
