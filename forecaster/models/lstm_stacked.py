"""The textbook network: two LSTMs of 50 units and one output, one step ahead, applied recursively.

- Window: the last `window` periods (a day panel 28, a week panel 26, a month panel 24).
- Inputs of each period of the window: the standardised demand of the period before it, whether that
  was known, and the period's own known-future covariates.
- Target: the standardised demand of the window's last period. `standardise` is "panel" (one centre
  and scale for all series, those of the table `scaling`, as the textbook has it) or "series" (mean
  and deviation of each series).
- Recursion: the forecast of a step stands in for its demand in the window of the next one.
- An epoch is `steps_per_epoch` random batches of windows, not all of them: a panel of millions of
  windows would never end one.
- Quantiles are the forecast plus the quantiles of the errors on the validation horizon, over the
  deviation of each series, pooled over series.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from forecaster.backend import load_tensorflow
from forecaster.config import Choice, ModelSettings, Range
from forecaster.encoding import Scale
from forecaster.models.base import Forecast, Learned, Model, Report, history_status
from forecaster.panel import Panel
from forecaster.seasonal import (
    JITTER_MEAN,
    STEP_CLASSES,
    error_quantiles,
    even_jitter,
    step_classes,
)
from forecaster.training import assign, run_epochs, seed_everything, values_of

WINDOWS = {"day": 28, "week": 26, "month": 24}
VALIDATION_WINDOWS = 2048
WINDOWS_AT_ONCE = 2048


class LSTMStackedSettings(ModelSettings):
    """The defaults are the textbook's: Adam, mean squared error, 100 epochs, batches of 32."""

    search: ClassVar[Mapping[str, Range | Choice]] = {
        "units": Choice((25, 50, 100)),
        "batch_size": Choice((16, 32, 64, 128)),
        "learning_rate": Range(2e-4, 1e-2, log=True),
    }

    units: int = Field(default=50, ge=1)
    epochs: int = Field(default=100, ge=1)
    batch_size: int = Field(default=32, ge=1)
    steps_per_epoch: int = Field(default=100, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    patience: int = Field(default=10, ge=1)
    window: int | None = Field(default=None, ge=1)
    standardise: Literal["panel", "series"] = "panel"


class LSTMStacked(Model):
    """See the module."""

    Settings = LSTMStackedSettings

    def __init__(self, settings: Any = None, run: Any = None) -> None:
        super().__init__(settings, run)
        self.network: Any = None
        self.errors: np.ndarray | None = None  # (classes, levels), over the series' deviation

    def learn(
        self, panel: Panel, held_out: Panel | None, epochs: int | None, report: Report
    ) -> Learned:
        """Train on windows up to the panel's end; `held_out` is watched one step ahead."""
        s = self.settings
        rng = seed_everything(self.run.seed)
        self.encoding = panel.encoding
        windows = Windows(panel, self.window(panel), s.standardise)
        self.network = self._new_network(windows.n_inputs)
        draw = windows.drawer(0, panel.n_periods)
        validate: Callable[[], float] | None = None
        if held_out is not None:
            later = Windows(held_out, self.window(panel), s.standardise, panel)
            drawn = later.drawer(panel.n_periods, held_out.n_periods)
            fixed = None if drawn is None else later.batch(*drawn(rng, VALIDATION_WINDOWS))
            if fixed is not None:
                validate = partial(self._loss, *fixed)
        best: list[np.ndarray] = []
        if draw is None:
            return Learned()

        def step() -> float:
            return float(self.network.train_on_batch(*windows.batch(*draw(rng, s.batch_size))))

        def keep() -> None:
            best[:] = values_of(self.network.trainable_variables)

        learned = run_epochs(
            step, s.steps_per_epoch, epochs or s.epochs, report, validate, s.patience, keep
        )
        if best:
            assign(self.network.trainable_variables, best)
        if held_out is not None:
            self.errors = self._validation_errors(panel, held_out)
        elif self.errors is None:
            self.errors = self._seasonal_errors(panel)
        return learned

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff, step by step."""
        mean = self._mean(panel)
        errors = np.zeros((STEP_CLASSES, len(self.levels))) if self.errors is None else self.errors
        spread = errors[step_classes(panel.horizon)]
        centre = mean + JITTER_MEAN if panel.is_count else mean
        quantiles = centre[..., None] + spread[None] * deviation(panel)[:, None, None]
        return Forecast(mean, quantiles, history_status(panel, self.window(panel)))

    def window(self, panel: Panel) -> int:
        """Periods that the network reads."""
        return self.settings.window or WINDOWS[panel.frequency]

    def save_state(self, folder: Path) -> None:
        """The network as Keras stores it, and the quantiles of its errors."""
        self.network.save(folder / "network.keras")
        state = {"errors": None if self.errors is None else self.errors.tolist()}
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")

    def load_state(self, folder: Path) -> None:
        """In Keras's safe mode: no code of the file is run."""
        load_tensorflow()
        import keras

        self.network = keras.models.load_model(
            folder / "network.keras", safe_mode=True, compile=False
        )
        errors = json.loads((folder / "state.json").read_text(encoding="utf-8"))["errors"]
        self.errors = None if errors is None else np.array(errors)

    def _loss(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(self.network.evaluate(x, y, 1024, verbose=0))

    def _new_network(self, n_inputs: int) -> Any:
        import keras

        s = self.settings
        network = keras.Sequential(
            [
                keras.layers.Input((None, n_inputs)),
                keras.layers.LSTM(s.units, return_sequences=True),
                keras.layers.LSTM(s.units),
                keras.layers.Dense(1),
            ]
        )
        network.compile(keras.optimizers.Adam(s.learning_rate), "mse")
        return network

    def _mean(self, panel: Panel) -> np.ndarray:
        windows = Windows(panel, self.window(panel), self.settings.standardise)
        windows.extend(panel.horizon)
        tf = load_tensorflow()
        infer = tf.function(lambda x: self.network(x, training=False), reduce_retracing=True)
        rows = np.arange(panel.n_series)
        for step in range(panel.horizon):
            period = panel.n_periods + step
            for part in np.array_split(rows, -(-len(rows) // WINDOWS_AT_ONCE)):
                x = windows.inputs(part, np.full(len(part), period))
                z = infer(tf.convert_to_tensor(x)).numpy()[:, 0]
                windows.z[part, period] = z
        return windows.natural(windows.z[:, panel.n_periods :])

    def _validation_errors(self, early: Panel, held_out: Panel) -> np.ndarray | None:
        actual = held_out.y_train[:, early.n_periods : early.n_periods + early.horizon]
        errors = actual - self._mean(early)[:, : actual.shape[1]]
        if early.is_count:
            errors = errors + (even_jitter(errors.shape) - JITTER_MEAN)
        errors = errors / deviation(early)[:, None]
        errors[~np.isfinite(early.y_train).any(axis=1)] = np.nan
        classes, levels = step_classes(early.horizon)[: actual.shape[1]], self.levels
        result = np.zeros((STEP_CLASSES, len(levels)))
        for k in range(STEP_CLASSES):
            part = errors[:, classes == k]
            part = part[np.isfinite(part)]
            part = part if len(part) else errors[np.isfinite(errors)]
            result[k] = np.quantile(part, levels) if len(part) else 0.0
        return result

    def _seasonal_errors(self, panel: Panel) -> np.ndarray:
        """Without a validation: the errors of a seasonal mean at earlier origins."""
        spread, scale = error_quantiles(
            panel.y_train, panel.season_length, 4, panel.horizon, self.levels, panel.is_count
        )
        return (spread * (scale / deviation(panel))[:, None, None]).mean(axis=0)


class Windows:
    """Standardised windows of a panel; `reference` is the panel whose statistics standardise it."""

    def __init__(
        self, panel: Panel, width: int, standardise: str, reference: Panel | None = None
    ) -> None:
        self.panel, self.width = panel, width
        known_panel = reference or panel
        if standardise == "series":
            centre = np.nan_to_num(_mean_of(known_panel.y_train))[:, None]
            self.scale = Scale("standard", 0.0, 1.0)
            self.centre, self.divisor = centre, deviation(known_panel)[:, None]
        else:
            assert known_panel.encoding is not None
            self.scale = known_panel.encoding.target
            self.centre, self.divisor = np.zeros((1, 1)), np.ones((1, 1))
        z = (self.scale.transform(panel.y_train) - self.centre) / self.divisor
        self.is_known = np.isfinite(z)
        self.z = np.nan_to_num(z).astype(np.float32)
        self.future = panel.future
        self.n_inputs = 2 + self.future.shape[2]

    def extend(self, periods: int) -> None:
        """Room for forecasts, which count as known once they are written."""
        room = np.zeros((len(self.z), periods), np.float32)
        self.z = np.concatenate([self.z, room], axis=1)
        self.is_known = np.concatenate([self.is_known, room == 0], axis=1)

    def natural(self, z: np.ndarray) -> np.ndarray:
        """Standardised demand in its own unit."""
        return self.scale.invert(z * self.divisor + self.centre)

    def drawer(self, first: int, end: int) -> Any:
        """A function (rng, n) → (rows, periods) of known targets from `first` to `end`, or None."""
        known = self.is_known[:, max(first, 1) : end]
        series, places = np.nonzero(known) if known.size else (np.zeros(0), np.zeros(0))
        if not len(series):
            return None

        def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
            chosen = rng.integers(0, len(series), n)
            return series[chosen], places[chosen] + max(first, 1)

        return draw

    def batch(self, rows: np.ndarray, periods: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(inputs, targets)."""
        return self.inputs(rows, periods), self.z[rows, periods][:, None]

    def inputs(self, rows: np.ndarray, periods: np.ndarray) -> np.ndarray:
        """(windows, width, inputs) of the windows that end at `periods`."""
        index = periods[:, None] + np.arange(1 - self.width, 1)
        before = np.maximum(index - 1, 0)
        is_inside = (index > 0)[..., None]
        demand = np.stack([self.z[rows[:, None], before], self.is_known[rows[:, None], before]], -1)
        covariates = self.future[rows[:, None], np.maximum(index, 0)]
        return np.concatenate([demand * is_inside, covariates], axis=-1).astype(np.float32)


def deviation(panel: Panel) -> np.ndarray:
    """(series,) deviation of each series' demand, never 0."""
    y = panel.y_train
    count = np.maximum(np.isfinite(y).sum(1), 1)
    centre = np.nan_to_num(_mean_of(y))[:, None]
    spread = np.sqrt(np.nansum((y - centre) ** 2, axis=1) / count)
    floor = 0.1 * spread[spread > 0].mean() if (spread > 0).any() else 1.0
    return np.maximum(spread, floor)


def _mean_of(y: np.ndarray) -> np.ndarray:
    count = np.isfinite(y).sum(1)
    return np.where(count > 0, np.nansum(y, axis=1) / np.maximum(count, 1), np.nan)
