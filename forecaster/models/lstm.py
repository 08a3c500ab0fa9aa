"""The default model: a forked LSTM that corrects a statistical base.

One pass over a series predicts the whole horizon from many origins. The base is level × seasonal
profile × year-ago index of the series' group; what the network learns is a correction of it that
starts at zero, so an untrained network forecasts the base. An origin `t` is the number of known
periods: it sees y[:, :t] and forecasts periods t to t + horizon − 1.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from forecaster.models.base import Forecast, Learned, Model, Report, history_status
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

SERIES_AT_ONCE = 1024
SERIES_OF_A_GROUP = 30  # on average at least, or the groups' profiles are noise


class LSTMSettings(SignalSettings):
    """What shapes and trains the network.

    An epoch is one pass over all series, each with `origins` random origins in one random window,
    but at least `steps_per_epoch` batches. A batch holds at most half of the series. `group` names
    the static feature whose series share a profile and a trend; by default the coarsest with
    enough series in each group, or all series are one.
    """

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


class LSTM(Model):
    """See the module and `LSTMSettings`."""

    Settings = LSTMSettings

    def __init__(self, settings: Any = None, run: Any = None) -> None:
        super().__init__(settings, run)
        self.network: Any = None
        self.infer: Any = None
        self.trainer: Trainer | None = None
        self.weights: list[np.ndarray] | None = None
        self.length = 1
        self.group: str | None = None
        self.calibration = 1.0

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
        self.length = min(signals.context + signals.span, panel.n_periods)
        started = np.flatnonzero(np.isfinite(signals.y).any(axis=1))
        started = started if len(started) else np.arange(panel.n_series)
        batch = min(s.batch_series, -(-len(started) // 2))
        steps = max(s.steps_per_epoch, -(-len(started) // batch))
        train_step = self._begun(signals)
        variables = self.network.trainable_variables
        average = WeightAverage(variables, s.averaging)
        rows = self._row_batches(started, steps, batch, rng)
        batches = Ahead(lambda: self._batch(signals, next(rows), rng))

        def step() -> Any:
            loss = train_step(*batches.take())
            average.update()
            return loss

        def validate() -> float:
            with average.applied():
                return self._validation_loss(signals, held_out)

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
        self.calibration = 1.0 if panel.is_signed else self._calibrated(signals, panel)
        return learned

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff."""
        panel = panel.without_derived()
        signals = Signals(self.settings, panel, self.group)
        means, quantiles, active = [], [], []
        for rows in _parts(panel.n_series):
            mean, q, at = self._forward(signals, rows, np.array([panel.n_periods]))
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

    def _begun(self, signals: Signals) -> Callable[..., Any]:
        """The training step of a network at its initial weights.

        A fit learns twice and a backtest many times. Tracing takes as long as an epoch, so a
        network of the same shape is not built anew but set back to where the seed had put it.
        """
        inputs, _, _ = self._inputs(signals, np.arange(1), np.array([signals.panel.n_periods]))
        shape = (
            signals.panel.is_signed,
            signals.panel.cardinalities,
            *(int(values.shape[-1]) for values in inputs),
        )
        if self.network is None or self.trainer is None or self.trainer.shape != shape:
            self.network = None
            self._build(signals)
            step, state = self._training_step(signals.panel.is_signed)
            self.trainer = Trainer(shape, step, state, values_of(state))
        assign(self.trainer.state, self.trainer.initial)
        return self.trainer.step

    def _build(self, signals: Signals) -> None:
        tf = load_tensorflow()
        from forecaster.networks import ForkedLSTM

        s = self.settings
        self.network = ForkedLSTM(
            s.units,
            s.decoder_units,
            s.embedding_units,
            s.dropout,
            len(self.levels),
            signals.panel.cardinalities,
        )
        inputs, _, _ = self._inputs(signals, np.arange(1), np.array([signals.panel.n_periods]))
        # as a graph: run eagerly, an LSTM takes its periods one by one in Python
        self.infer = tf.function(lambda x: self.network(x, training=False), reduce_retracing=True)
        self.infer(inputs)
        if self.weights is not None:
            assign(self.network.trainable_variables, self.weights)

    def _inputs(
        self, signals: Signals, rows: np.ndarray, origins: np.ndarray
    ) -> tuple[list[Any], AtOrigin, np.ndarray]:
        """Network inputs, what is known at the origins, and the base (series, origins, horizon)."""
        import tensorflow as tf

        from forecaster.losses import AtOrigin

        start = int(origins.max()) - self.length
        x, *known = signals.sequences(rows, start, start + self.length)
        positions = (origins - start - 1).astype(np.int32)
        level, scale, deviation, active = (values[:, positions] for values in known)
        horizon, base = signals.horizons(rows, origins)
        inputs = [x, positions, horizon, signals.codes[rows], signals.numbers[rows]]
        tensors = [tf.convert_to_tensor(values) for values in inputs]
        return tensors, AtOrigin(level / scale, scale, deviation, active), base

    def _forward(
        self, signals: Signals, rows: np.ndarray, origins: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, AtOrigin]:
        """Mean and quantiles in units of the scale, and what is known at the origins."""
        if self.network is None:
            self._build(signals)
        from forecaster.networks import distribution

        inputs, at, base = self._inputs(signals, rows, origins)
        mean, quantiles = distribution(self.infer(inputs), at, base, signals.panel.is_signed)
        return mean.numpy(), quantiles.numpy(), at

    def _objective(self, y: Any, mean: Any, quantiles: Any, known: Any, at: AtOrigin) -> Any:
        from forecaster.losses import mean_loss, quantile_loss

        s = self.settings
        loss = mean_loss(y, mean, known, at, s.total_weight, s.bias_weight)
        return loss + s.quantile_weight * quantile_loss(y, quantiles, known, at, self.levels)

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
        def step(inputs: Any, at: AtOrigin, base: Any, y: Any, known: Any) -> Any:
            with tf.GradientTape() as tape:
                outputs = self.network(inputs, training=True)
                mean, quantiles = distribution(outputs, at, base, is_signed)
                loss = self._objective(y, mean, quantiles, known, at)
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return loss

        return step, [*self.network.variables, *optimizer.variables]

    @staticmethod
    def _row_batches(rows: np.ndarray, steps: int, batch: int, rng: np.random.Generator) -> Any:
        """Every epoch all rows in another order, repeated to fill its batches."""
        while True:
            yield from np.resize(rng.permutation(rows), (steps, batch))

    def _batch(
        self, signals: Signals, rows: np.ndarray, rng: np.random.Generator
    ) -> tuple[Any, ...]:
        """Inputs, what is known at random origins of a random window, base, targets, mask."""
        horizon, end = signals.panel.horizon, signals.panel.n_periods
        last = max(end - max(horizon // 4, 1), 1)
        stop = int(rng.integers(min(self.length, last), last + 1))
        lowest = max(min(stop - self.length + signals.context, stop), 1)
        drawn = rng.integers(lowest, stop + 1, self.settings.origins - 1)
        origins: np.ndarray = np.append(drawn, stop)
        inputs, at, base = self._inputs(signals, rows, origins)
        index = origins[:, None] + np.arange(horizon)
        y = signals.y[rows]
        target = np.where(index < end, y[:, np.minimum(index, end - 1)], np.nan)
        started = np.isfinite(y[:, :stop]).cumsum(axis=1)[:, origins - 1] > 0
        known = np.isfinite(target) & started[..., None]
        target = np.where(known, target / at.scale[..., None], 0)
        return inputs, at, base, target.astype(np.float32), known.astype(np.float32)

    def _validation_loss(self, signals: Signals, held_out: Panel | None) -> float:
        """The training loss at the last origin, mean over series."""
        assert held_out is not None
        end = signals.panel.n_periods
        actual = _actual(held_out)[:, end : end + signals.panel.horizon]
        width, loss = actual.shape[1], 0.0
        for rows in _parts(len(actual)):
            mean, quantiles, at = self._forward(signals, rows, np.array([end]))
            y = actual[rows, None]
            known = np.isfinite(y) & np.isfinite(signals.y[rows]).any(axis=1)[:, None, None]
            y = np.where(known, y / at.scale[..., None], 0).astype(np.float32)
            known = known.astype(np.float32)
            value = self._objective(y, mean[..., :width], quantiles[:, :, :width], known, at)
            loss += float(value) * len(rows) / len(actual)
        return loss

    def _calibrated(self, signals: Signals, panel: Panel) -> float:
        """Sold over forecast at the origins of the last two spans: the loss leans low."""
        s, end, horizon = self.settings, panel.n_periods, panel.horizon
        y = _actual(panel)
        first = max(end - horizon - 2 * signals.span, signals.context)
        origins = np.linspace(first, end - horizon // 2, s.calibration_origins).astype(int)
        sold = forecast = 0.0
        for origin in np.unique(origins[(origins > 0) & (origins < end)]):
            for rows in _parts(len(y)):
                mean, _, at = self._forward(signals, rows, np.array([origin]))
                actual = y[rows, origin : origin + horizon]
                known = np.isfinite(actual) & np.isfinite(y[rows, :origin]).any(axis=1)[:, None]
                sold += float(actual[known].sum())
                forecast += float((mean[:, 0] * at.scale)[:, : actual.shape[1]][known].sum())
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


def _actual(panel: Panel) -> np.ndarray:
    """Demand, NaN where stock is recorded to have run out."""
    return np.where(panel.stocked_out > 0, np.nan, panel.y).astype(np.float32)


def _parts(n: int) -> list[np.ndarray]:
    return np.array_split(np.arange(n), max(-(-n // SERIES_AT_ONCE), 1))
