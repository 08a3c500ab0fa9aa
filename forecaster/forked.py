"""What all networks over signals share: a base, origins, heads, losses, training, calibration.

One pass over a series predicts the whole horizon from many origins. The base is level × seasonal
profile × year-ago index of the series' group; what the network learns is a correction of it that
starts at zero, so an untrained network forecasts the base. A model of this kind is its encoder: the
layer that turns the sequence of a series into a state at every period.
"""

from __future__ import annotations

import dataclasses
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from forecaster.config import Choice, Range
from forecaster.models.base import Forecast, Learned, Model, Report, history_status
from forecaster.origins import Origins, actual_demand, parts, row_batches
from forecaster.panel import Panel
from forecaster.signals import Signals, SignalSettings
from forecaster.training import (
    Ahead,
    WeightAverage,
    assign,
    load_tensorflow,
    run_epochs,
    seed_everything,
    values_of,
)

if TYPE_CHECKING:
    from forecaster.losses import AtOrigin

SERIES_OF_A_GROUP = 30  # on average at least, or the groups' profiles are noise


class ForkedSettings(SignalSettings):
    """What shapes and trains the network, whatever its encoder.

    An epoch is one pass over all series, each with `origins` random origins in one random window,
    but at least `steps_per_epoch` batches. A batch holds at most half of the series. `group` names
    the static feature whose series share a profile and a trend; by default the coarsest with
    enough series in each group, or all series are one.
    """

    search: ClassVar[Mapping[str, Range | Choice]] = {
        "units": Choice((32, 64, 128)),
        "dropout": Range(0.0, 0.3),
        "batch_series": Choice((64, 128, 256)),
        "learning_rate": Range(5e-4, 8e-3, log=True),
        "weight_decay": Range(1e-6, 1e-2, log=True),
    }

    units: int = Field(default=64, ge=1)
    decoder_units: int = Field(default=32, ge=1)
    embedding_units: int = Field(default=8, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    batch_series: int = Field(default=256, ge=1)
    origins: int = Field(default=8, ge=1)
    steps_per_epoch: int = Field(default=24, ge=1)
    epochs: int = Field(default=12, ge=1)
    patience: int = Field(default=3, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    averaging: float = Field(default=0.95, ge=0, lt=1)
    total_weight: float = Field(default=1.0, ge=0)
    bias_weight: float = Field(default=1.0, ge=0)
    quantile_weight: float = Field(default=0.3, gt=0)
    calibration_origins: int = Field(default=8, ge=1)
    calibration_limit: float = Field(default=1.25, ge=1)
    group: str | None = None


@dataclasses.dataclass(frozen=True)
class Trainer:
    """A compiled training step, the variables it changes, and their values before the first one."""

    shape: tuple[Any, ...]
    step: Callable[..., Any]
    state: list[Any]
    initial: list[np.ndarray]


class Forked(Model):
    """See the module and `ForkedSettings`. A subclass says which encoder it has."""

    Settings = ForkedSettings

    def __init__(self, settings: Any = None, run: Any = None) -> None:
        super().__init__(settings, run)
        self.network: Any = None
        self.infer: Any = None
        self.trainer: Trainer | None = None
        self.weights: list[np.ndarray] | None = None
        self.length = 1
        self.group: str | None = None
        self.calibration = 1.0

    @abstractmethod
    def encoder(self, periods: int) -> Any:
        """A new Keras layer from (series, periods, units) to states (series, periods, any).

        The state of a period depends on that period and those before it alone. `periods` is the
        most there are in a window.
        """

    def learn(
        self, panel: Panel, held_out: Panel | None, epochs: int | None, report: Report
    ) -> Learned:
        """Train a new network, then calibrate its totals on origins it has seen."""
        s = self.settings
        rng = seed_everything(self.run.seed)
        panel = panel.without_derived()
        self.encoding, self.weights = panel.encoding, None
        self.group = s.group or coarsest_group(panel)
        signals = Signals(s, panel, self.group)
        self.length = min(signals.window, panel.n_periods)
        data = Origins(signals, self.length)
        started = np.flatnonzero(np.isfinite(signals.y).any(axis=1))
        started = started if len(started) else np.arange(panel.n_series)
        batch = min(s.batch_series, -(-len(started) // 2))
        steps = max(s.steps_per_epoch, -(-len(started) // batch))
        train_step = self._begun(data)
        variables = self.network.trainable_variables
        average = WeightAverage(variables, s.averaging)
        rows = row_batches(started, steps, batch, rng)
        batches = Ahead(lambda: data.batch(next(rows), s.origins, rng))

        def step() -> Any:
            loss = train_step(*batches.take())
            average.update()
            return loss

        def validate() -> float:
            with average.applied():
                return self._validation_loss(data, held_out)

        best: list[np.ndarray] = []

        def keep() -> None:
            best[:] = average.values

        with batches:
            learned = run_epochs(
                step,
                steps,
                epochs or s.epochs,
                report,
                validate if held_out is not None else None,
                s.patience,
                keep,
            )
        assign(variables, best or average.values)
        self.calibration = 1.0 if panel.is_signed else self._calibrated(data)
        return learned

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff."""
        panel = panel.without_derived()
        signals = Signals(self.settings, panel, self.group)
        data = Origins(signals, self.length)
        means, quantiles, active = [], [], []
        for rows in parts(panel.n_series):
            mean, q, at = self._forward(data, rows, panel.n_periods)
            means.append(mean[:, 0] * at.scale)
            quantiles.append(q[:, 0] * at.scale[..., None])
            active.append(at.active[:, 0] > 0)
        mean, is_active = np.concatenate(means), np.concatenate(active)
        bounds = np.concatenate(quantiles)
        mean *= self._total_factor(signals, mean, is_active)
        if not panel.is_signed:
            bounds = np.maximum(bounds, 0.0)
            # the loss looks at series that still sell; of the others it has learned no mean
            mean[~is_active] = 0.0
        return Forecast(mean, bounds, history_status(panel, signals.context))

    def _total_factor(self, signals: Signals, mean: np.ndarray, active: np.ndarray) -> float:
        """What brings the total of the means (series, horizon) to its level.

        Where two years are known the network has seen the year's course, and its calibration on
        past origins holds. Before that the course cannot have been learned, and the active series'
        total stays at their mean over the middle window.
        """
        panel = signals.panel
        if panel.is_signed or panel.n_periods >= 2 * signals.year:
            return self.calibration
        recent = signals.y[active, max(panel.n_periods - signals.windows[1], 0) :]
        known = np.isfinite(recent)
        level = np.where(known, recent, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        forecast = float(mean[active].sum()) / panel.horizon
        return float(level.sum()) / forecast if level.sum() > 0 and forecast > 0 else 1.0

    def save_state(self, folder: Path) -> None:
        """Weights and what belongs to them."""
        weights = self.weights or values_of(self.network.trainable_variables)
        np.savez(folder / "weights.npz", *weights)
        state = {"length": self.length, "group": self.group, "calibration": self.calibration}
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")

    def load_state(self, folder: Path) -> None:
        """The network itself is built when the first panel shows its shapes."""
        with np.load(folder / "weights.npz", allow_pickle=False) as file:
            self.weights = [file[f"arr_{i}"] for i in range(len(file.files))]
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        self.length, self.group = int(state["length"]), state["group"]
        self.calibration = float(state["calibration"])

    def _begun(self, data: Origins) -> Callable[..., Any]:
        """The training step of a network at its initial weights.

        A fit learns twice and a backtest many times. Tracing takes as long as an epoch, so a
        network of the same shape is not built anew but set back to where the seed had put it.
        """
        panel = data.signals.panel
        inputs, _, _ = data.inputs(np.arange(1), np.array([panel.n_periods]))
        shape = (
            panel.is_signed,
            panel.cardinalities,
            *(int(values.shape[-1]) for values in inputs),
        )
        if self.network is None or self.trainer is None or self.trainer.shape != shape:
            self.network = None
            self._build(data)
            step, state = self._training_step(panel.is_signed)
            self.trainer = Trainer(shape, step, state, values_of(state))
        assign(self.trainer.state, self.trainer.initial)
        return self.trainer.step

    def _build(self, data: Origins) -> None:
        tf = load_tensorflow()
        from forecaster.networks import ForkedNetwork

        s, panel = self.settings, data.signals.panel
        self.network = ForkedNetwork(
            self.encoder(data.signals.window),
            s.units,
            s.decoder_units,
            s.embedding_units,
            s.dropout,
            len(self.levels),
            panel.cardinalities,
        )
        inputs, _, _ = data.inputs(np.arange(1), np.array([panel.n_periods]))
        # as a graph: run eagerly, an LSTM takes its periods one by one in Python
        self.infer = tf.function(lambda x: self.network(x, training=False), reduce_retracing=True)
        self.infer(inputs)
        if self.weights is not None:
            assign(self.network.trainable_variables, self.weights)

    def _forward(
        self, data: Origins, rows: np.ndarray, origin: int
    ) -> tuple[np.ndarray, np.ndarray, AtOrigin]:
        """Mean and quantiles in units of the scale, and what is known, at one origin."""
        if self.network is None:
            self._build(data)
        from forecaster.networks import distribution

        inputs, at, base = data.inputs(rows, np.array([origin]))
        is_signed = data.signals.panel.is_signed
        mean, quantiles = distribution(self.infer(inputs), at, base, is_signed)
        return mean.numpy(), quantiles.numpy(), at

    def _objective(
        self, y: Any, jittered: Any, mean: Any, quantiles: Any, known: Any, at: AtOrigin
    ) -> Any:
        from forecaster.losses import mean_loss, quantile_loss

        s = self.settings
        loss = mean_loss(y, mean, known, at, s.total_weight, s.bias_weight)
        spread = quantile_loss(jittered, quantiles, known, at, self.levels)
        return loss + s.quantile_weight * spread

    def _training_step(self, is_signed: bool) -> tuple[Callable[..., Any], list[Any]]:
        """A compiled step, which returns the batch's loss, and all that it changes."""
        import keras
        import tensorflow as tf

        from forecaster.networks import distribution

        s = self.settings
        variables = self.network.trainable_variables
        optimizer = keras.optimizers.AdamW(
            s.learning_rate, weight_decay=s.weight_decay, clipnorm=1.0
        )
        optimizer.build(variables)

        @tf.function(reduce_retracing=True)
        def step(inputs: Any, at: AtOrigin, base: Any, y: Any, jittered: Any, known: Any) -> Any:
            with tf.GradientTape() as tape:
                outputs = self.network(inputs, training=True)
                mean, quantiles = distribution(outputs, at, base, is_signed)
                loss = self._objective(y, jittered, mean, quantiles, known, at)
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return loss

        return step, [*self.network.variables, *optimizer.variables]

    def _validation_loss(self, data: Origins, held_out: Panel | None) -> float:
        """The training loss at the last origin, mean over series."""
        assert held_out is not None
        end, loss = data.signals.panel.n_periods, 0.0
        demand = actual_demand(held_out)
        rng = np.random.default_rng(self.run.seed)  # the same jitter in every epoch
        for rows in parts(len(demand)):
            mean, quantiles, at = self._forward(data, rows, end)
            y, known = data.ahead(rows, demand, end)
            width = y.shape[-1]
            y = np.where(known, y / at.scale[..., None], 0).astype(np.float32)
            known = known.astype(np.float32)
            jittered, quantiles = data.jittered(y, at, rng), quantiles[:, :, :width]
            value = self._objective(y, jittered, mean[..., :width], quantiles, known, at)
            loss += float(value) * len(rows) / len(demand)
        return loss

    def _calibrated(self, data: Origins) -> float:
        """Sold over forecast at the origins of the last two spans: the loss leans low."""
        s, signals = self.settings, data.signals
        end, horizon = signals.panel.n_periods, signals.panel.horizon
        demand = actual_demand(signals.panel)
        first = max(end - horizon - 2 * signals.span, signals.context)
        origins = np.linspace(first, end - horizon // 2, s.calibration_origins).astype(int)
        sold = forecast = 0.0
        for origin in np.unique(origins[(origins > 0) & (origins < end)]):
            for rows in parts(len(demand)):
                mean, _, at = self._forward(data, rows, int(origin))
                y, known = data.ahead(rows, demand, int(origin))
                sold += float(y[known].sum())
                forecast += float((mean * at.scale[..., None])[..., : y.shape[-1]][known].sum())
        if sold <= 0 or forecast <= 0:
            return 1.0
        return float(np.clip(sold / forecast, 1 / s.calibration_limit, s.calibration_limit))


def coarsest_group(panel: Panel) -> str | None:
    """The static feature with the fewest values of which each has enough series, or None."""
    found = [
        (len(words), name)
        for name, words in (panel.encoding.vocabularies if panel.encoding else {}).items()
        if 2 <= len(words) <= panel.n_series / SERIES_OF_A_GROUP
    ]
    return min(found)[1] if found else None
