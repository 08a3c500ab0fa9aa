"""A variational auto-encoder of demand paths: it draws whole horizons, not periods.

It shares signals, base and training with the forked networks (`forecaster.forked`), and replaces
their quantiles by latent variables of the whole path and a distribution of each period given them
(`forecaster.variational`, `forecaster.likelihoods`). Means are exact, quantiles those of draws, and
`paths` draws the horizon with the dependence over time that the latent variables carry.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from forecaster.backend import load_tensorflow
from forecaster.config import Choice, Range
from forecaster.forked import Forked
from forecaster.likelihoods import LIKELIHOODS, mean_given
from forecaster.models.base import Forecast, history_status
from forecaster.network_settings import NetworkSettings
from forecaster.origins import Origins, parts
from forecaster.panel import Panel
from forecaster.paths import quantiles_of, strata
from forecaster.trainer import Trainer, kind_of
from forecaster.training import watched_series

SERIES_AT_ONCE = 256  # of which draws are held


class VAESettings(NetworkSettings):
    """`latent` variables carry a path; `samples` draws give the quantiles of a period.

    The divergence from the prior counts in full after `annealing` steps (Bowman et al., arXiv
    1511.06349), and no latent variable is pressed below `free_bits` of it (Kingma et al., arXiv
    1606.04934): without both the decoder learns to do without them.
    """

    search: ClassVar[Mapping[str, Range | Choice]] = {
        **NetworkSettings.search,
        "latent": Choice((4, 8, 16)),
    }

    epochs: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=5e-3, gt=0)
    latent: int = Field(default=8, ge=1)
    samples: int = Field(default=200, ge=10)
    annealing: int = Field(default=200, ge=1)
    free_bits: float = Field(default=0.02, ge=0)


class VAE(Forked):
    """See the module and `VAESettings`."""

    Settings: ClassVar[type[NetworkSettings]] = VAESettings

    def encoder(self, _periods: int) -> Any:
        """As in `lstm`."""
        import keras

        return keras.layers.LSTM(self.settings.units, return_sequences=True)

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff."""
        panel = panel.without_derived()
        data = self._data(panel)
        found = self._decoded(data, np.arange(panel.n_series))
        factor = self._total_factor(data.signals, found.mean * found.scale, found.active)
        found = dataclasses.replace(found, mean=found.mean * factor)
        mean = found.mean * found.scale
        # what all latent variables together do to one period is one normal variable
        normal = np.array([NormalDist().inv_cdf(p) for p in strata(self.settings.samples)])
        spread = np.sqrt((found.loading**2).sum(-1))
        rng = np.random.default_rng(self.run.seed)
        quantiles = np.zeros((*mean.shape, len(self.levels)), np.float32)
        for rows in _parts(panel.n_series):
            draws = self._drawn(panel, found.of(rows), spread[rows, :, None] * normal, rng)
            quantiles[rows] = quantiles_of(draws, self.levels, is_count=False)
        if not panel.is_signed:
            # the loss looks at series that still sell; of the others it has learned no mean
            mean[~found.active] = 0.0
        return Forecast(mean, quantiles, history_status(panel, data.signals.context))

    def paths(self, panel: Panel, rows: np.ndarray, n_paths: int) -> np.ndarray:
        """Draws (rows, horizon, paths), of counts of y + U. They hang together over time, by a
        series' latent variables; series are independent.
        """
        panel = panel.without_derived()
        found = self._decoded(self._data(panel), rows)
        rng = np.random.default_rng([self.run.seed, *rows[:1].tolist()])
        result = np.zeros((len(rows), panel.horizon, n_paths), np.float32)
        for part in _parts(len(rows)):
            z = antithetic(len(part), self.settings.latent, n_paths, rng)
            result[part] = self._drawn(panel, found.of(part), found.loading[part] @ z, rng)
        return result

    def _decoded(self, data: Origins, rows: np.ndarray) -> Distribution:
        """What the network says of some series' horizon."""
        trainer = self._trained_by(data)
        trainer.load(self.weights)
        pieces = []
        for _, found, at in trainer.ahead(data, rows, data.signals.panel.n_periods):
            values = (found.mean, found.raw, found.loading, at.scale[..., None])
            pieces.append((*(value[:, 0] for value in values), at.active[:, 0] > 0))
        return Distribution(*(np.concatenate(group) for group in zip(*pieces, strict=True)))

    def _drawn(
        self, panel: Panel, found: Distribution, moved: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """(series, horizon, draws) of demand, where latent variables move the means by `moved`."""
        likelihood = LIKELIHOODS[kind_of(panel)]
        scale, variance = found.scale[..., None], (found.loading**2).sum(-1)[..., None]
        mean = mean_given(found.mean[..., None], moved, variance, panel.is_signed)
        mean = mean * scale if likelihood.in_units else mean
        draws = likelihood.draw(mean, found.raw[..., None, :], rng)
        draws = draws if likelihood.in_units else draws * scale
        if not panel.is_signed:
            draws *= found.active[:, None, None]
        return draws + rng.random(draws.shape, np.float32) if panel.is_count else draws

    def _loss_of(self, panel: Panel) -> str:
        return kind_of(panel)

    def _new_trainer(self, encoder: Callable[[], Any], panel: Panel, *shapes: Any) -> Trainer:
        load_tensorflow()
        from forecaster.variational import VariationalTrainer

        return VariationalTrainer(encoder, self.settings, self.levels, panel, *shapes)

    def _validation_loss(self, trainer: Any, data: Origins, held_out: Panel | None) -> float:
        """Minus the evidence lower bound of the paths at the last origin, per period."""
        assert held_out is not None
        rng = np.random.default_rng(self.run.seed)  # the same draws in every epoch
        watched = watched_series(data.signals.panel, self.run.seed)
        found = [trainer.bound(data, watched[part], held_out, rng) for part in parts(len(watched))]
        return -sum(bound for bound, _ in found) / max(sum(n for _, n in found), 1.0)


@dataclasses.dataclass(frozen=True)
class Distribution:
    """Of some series: mean over the scale (series, horizon), free outputs of the likelihood
    (…, 2), loadings (…, latent), scale (series, 1), and where they still sell (series,).
    """

    mean: np.ndarray
    raw: np.ndarray
    loading: np.ndarray
    scale: np.ndarray
    active: np.ndarray

    def of(self, rows: np.ndarray) -> Distribution:
        """Some of the series."""
        values = (self.mean, self.raw, self.loading, self.scale, self.active)
        return Distribution(*(value[rows] for value in values))


def antithetic(series: int, latent: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """(series, latent, n) standard normals, the second half minus the first: their mean is 0."""
    half = rng.standard_normal((series, latent, -(-n // 2)), np.float32)
    return np.concatenate([half, -half], axis=-1)[..., :n]


def _parts(n: int) -> list[np.ndarray]:
    return np.array_split(np.arange(n), max(-(-n // SERIES_AT_ONCE), 1))
