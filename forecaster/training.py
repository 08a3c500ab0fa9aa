"""The loop of every neural model: epochs, validation in time, early stopping, seeds."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import numpy as np

from forecaster.backend import load_tensorflow
from forecaster.errors import ForecastError
from forecaster.models.base import EpochRecord, Learned, Report
from forecaster.panel import Panel
from forecaster.sample import sample

MOST_WATCHED = 5000  # series whose loss tells when to stop
LEAST_GAIN = 0.002  # of the loss: an epoch that brings less is none that training waits for
REFIT_SHARE = 3  # of the epochs that were best, the part that learns the last horizon too

# Of one core (x86-64, 2026), what a series takes with 64 units in a step of training with 24
# patches, and with each origin more, and in a pass that only forecasts; and such passes beside
# those of its epochs and calibrations.
SECONDS_A_STEP, SECONDS_AN_ORIGIN, SECONDS_A_PASS = 1.1e-4, 3e-5, 8e-5
PASSES_AT_THE_END = 6


class Schedule(NamedTuple):
    """How a network learns: series in a batch, batches in an epoch, origins of a series in a batch,
    epochs without a better loss after which it stops, and how much better it must be."""

    size: int
    steps: int
    origins: int
    patience: int
    least_gain: float = LEAST_GAIN


def watched_series(panel: Panel, seed: int) -> np.ndarray:
    """Rows of the series begun whose loss is watched: all, or so many that it is known as well."""
    launched = np.flatnonzero(panel.is_launched)
    return sample(launched, MOST_WATCHED, seed) if len(launched) else np.arange(panel.n_series)


def seconds_of_fit(
    settings: Any, n_series: int, plan: Schedule, epochs: int | None = None
) -> float:
    """Processor seconds of a fit and its refit.

    They go with what passes through the network, forth and back in a step, forth in all that judges
    and calibrates it; not with the panel's periods, of which a window is read at a time.
    """
    epochs = epochs or settings.epochs
    trained = (epochs + -(-epochs // REFIT_SHARE)) * plan.steps * plan.size
    passed = epochs * min(n_series, MOST_WATCHED)
    passed += (2 * settings.calibration_origins + PASSES_AT_THE_END) * n_series
    step = SECONDS_A_STEP + plan.origins * SECONDS_AN_ORIGIN
    return settings.units / 64 * (trained * step + passed * SECONDS_A_PASS)


def seed_everything(seed: int) -> np.random.Generator:
    """The same seed gives the same forecasts; returns the generator for batches."""
    tf = load_tensorflow()
    import keras

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    return np.random.default_rng(seed)


def run_epochs(
    step: Callable[[], Any],
    steps: int,
    epochs: int,
    report: Report,
    validate: Callable[[], float] | None = None,
    patience: int = 10,
    keep: Callable[[], None] = lambda: None,
    history: Sequence[EpochRecord] = (),
    end_epoch: Callable[[list[EpochRecord]], None] = lambda _history: None,
    least_gain: float = LEAST_GAIN,
) -> Learned:
    """`epochs` of `steps` calls of `step`, which returns the loss of one batch.

    With `validate`, stop after `patience` epochs without a loss that is better by `least_gain`;
    `keep` is called after each epoch that was the best so far. A loss that is no number stops the
    run and says so. `end_epoch` gets the records so far; a training that was stopped goes on from
    the `history` it had then.
    """
    records = list(history)
    watched = Watched(least_gain)
    for record in records:
        if record.split == "validation":
            watched.saw(record.metric_value, record.epoch)
    done = max((record.epoch for record in records), default=0)
    for epoch in range(done + 1, epochs + 1):
        if validate is not None and epoch - 1 - watched.gained >= patience:
            break
        begun = time.monotonic()
        losses = {"train": float(np.mean([float(step()) for _ in range(steps)]))}
        if validate is not None:
            losses["validation"] = validate()
        seconds = time.monotonic() - begun
        for split, value in losses.items():
            if not np.isfinite(value):
                raise ForecastError(
                    f"training diverged: the {split} loss of epoch {epoch} is {value}",
                    "use a lower learning rate, for example --set learning_rate=0.0005",
                )
            records.append(EpochRecord(epoch, split, "loss", value, seconds))
            report(records[-1])
        if validate is not None and watched.saw(losses["validation"], epoch):
            keep()
        end_epoch(records)
    return Learned(records, watched.best_epoch or epochs)


@dataclasses.dataclass
class Watched:
    """The best loss and its epoch, and the last epoch that brought a gain worth waiting for."""

    least_gain: float = LEAST_GAIN
    best: float = np.inf
    best_epoch: int = 0
    mark: float = np.inf
    gained: int = 0

    def saw(self, loss: float, epoch: int) -> bool:
        """Take in an epoch's loss; whether it is the best so far."""
        if self.mark - loss > self.least_gain * abs(loss):
            self.mark, self.gained = loss, epoch
        if loss >= self.best:
            return False
        self.best, self.best_epoch = loss, epoch
        return True


class Ahead:
    """Makes the next thing in a thread while the present one is in use, in the order of calls."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def __enter__(self) -> Self:
        self.pool = ThreadPoolExecutor(1)
        self.next = self.pool.submit(self.make)
        return self

    def take(self) -> Any:
        """The next one."""
        taken = self.next.result()
        self.next = self.pool.submit(self.make)
        return taken

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()


class WeightAverage:
    """Moving average of a network's weights: steadier from epoch to epoch than the weights."""

    def __init__(self, variables: list[Any], decay: float) -> None:
        self.variables, self.decay, self.count = variables, decay, 0
        self.values = values_of(variables)

    def update(self) -> None:
        """Take in the weights after one more step."""
        self.count += 1
        decay = min(self.decay, self.count / (self.count + 10))
        self.values = [
            decay * value + (1 - decay) * variable.numpy()
            for value, variable in zip(self.values, self.variables, strict=True)
        ]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network has the averaged weights inside."""
        current = values_of(self.variables)
        assign(self.variables, self.values)
        yield
        assign(self.variables, current)


def values_of(variables: list[Any]) -> list[np.ndarray]:
    """A copy of weights."""
    return [np.array(variable.numpy()) for variable in variables]


def assign(variables: list[Any], values: list[np.ndarray]) -> None:
    """Set weights."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
