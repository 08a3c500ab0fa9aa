"""What all networks over signals share: a base, origins, heads, losses, training, calibration.

One pass over a series predicts the whole horizon from many origins. The base is level × seasonal
profile × year-ago index of the series' group; what the network learns is a correction of it that
starts at zero, so an untrained network forecasts the base. A model of this kind is its encoder: the
layer that turns the sequence of a series into a state at every period.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from forecaster import checkpoints
from forecaster.encoding import Encoding
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.models.base import EpochRecord, Forecast, Learned, Model, Report, history_status
from forecaster.network_settings import ForkedSettings, NetworkSettings
from forecaster.origins import Origins
from forecaster.panel import Panel
from forecaster.signals import Signals
from forecaster.text import has_text
from forecaster.trainer import Trainer, chosen_loss
from forecaster.training import (
    LEAST_GAIN,
    REFIT_SHARE,
    Ahead,
    Schedule,
    WeightAverage,
    assign,
    run_epochs,
    seconds_of_fit,
    seed_everything,
    values_of,
    watched_series,
)

SERIES_OF_A_GROUP = 30  # on average at least, or the groups' profiles are noise
LONGEST_PATCH = 7
STATE = ("length", "group", "has_text", "calibration", "learned_to", "loss")


class Forked(Model):
    """See the module and `ForkedSettings`. A subclass says which encoder it has."""

    Settings: ClassVar[type[NetworkSettings]] = ForkedSettings
    begins_from_others = True
    reads_derived = False

    def __init__(self, settings: Any = None, run: Any = None) -> None:
        super().__init__(settings, run)
        self.trainer: Trainer | None = None
        self.shape: tuple[Any, ...] = ()
        # learned up to the cutoff; and up to a horizon before it, where that was held out
        self.weights: list[np.ndarray] = []
        self.early_weights: list[np.ndarray] = []
        self.early_encoding: Encoding | None = None
        self.length: int | None = None
        self.group: str | None = None
        self.has_text = False
        self.loss = "rmsse"
        self.learned_to = ""  # the last period that it knows, as ISO date
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
        """Train a new network, then calibrate its totals on origins it has seen.

        With a `source` it begins with that model's weights: while the validation is watched, with
        those that have not seen it.
        """
        s = self.settings
        self.loss = self._loss_of(held_out or panel)  # that of the refit, which goes on from this
        seed_everything(self.run.seed)
        panel = panel.without_derived()
        self.encoding, self.length = panel.encoding, None
        self.group, self.has_text = s.group or coarsest_group(panel), has_text(panel)
        self.learned_to = str((held_out or panel).cutoff)
        data = self._data(panel)
        self.length = data.length
        started = np.flatnonzero(np.isfinite(data.signals.y).any(axis=1))
        started = started if len(started) else np.arange(panel.n_series)
        plan = self._schedule(len(started))
        trainer = self._trained_by(data)
        first = self._first_weights(held_out is not None)
        if first is None and held_out is None and epochs is not None and self._goes_on(panel):
            first, epochs = self.early_weights, -(-epochs // REFIT_SHARE)
        trainer.begin(first)
        average = WeightAverage(trainer.variables, s.averaging)
        best: list[np.ndarray] = []
        file = self._checkpoint(held_out is not None)
        history = self._resumed(file, trainer, average, best)
        done = max((record.epoch for record in history), default=0)
        ready = data.batches(started, plan, self.run.seed, done + 1)

        def step() -> Any:
            loss = trainer.step(*batches.take())
            average.update()
            return loss

        def validate() -> float:
            with average.applied():
                return self._validation_loss(trainer, data, held_out)

        def keep() -> None:
            best[:] = average.values

        def end_epoch(history: list[EpochRecord]) -> None:
            if file is not None:
                arrays = {"state": values_of(trainer.state), "average": average.values}
                records = [vars(record) for record in history]
                values = {"count": average.count, "history": records}
                checkpoints.write(file, {**arrays, "best": best}, values)

        with Ahead(lambda: next(ready)) as batches:
            learned = run_epochs(
                step,
                plan.steps,
                epochs or s.epochs,
                report,
                validate if held_out is not None else None,
                plan.patience,
                keep,
                history,
                end_epoch,
                plan.least_gain,
            )
        self.weights = best or average.values
        if held_out is not None:
            self.early_weights, self.early_encoding = self.weights, panel.encoding
        trainer.load(self.weights)
        self.calibration = self._calibrated(trainer, data) if _knows_the_year(data.signals) else 1.0
        return learned

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff."""
        panel = panel.without_derived()
        data = self._data(panel)
        trainer = self._trained_by(data)
        trainer.load(self.weights)
        means, quantiles, active = [], [], []
        for _, found, at in trainer.ahead(data, np.arange(panel.n_series), panel.n_periods):
            means.append(found.mean[:, 0] * at.scale)
            quantiles.append(found.quantiles[:, 0] * at.scale[..., None])
            active.append(at.active[:, 0] > 0)
        mean, is_active = np.concatenate(means), np.concatenate(active)
        bounds = np.concatenate(quantiles)
        mean *= self._total_factor(data.signals, mean, is_active)
        if not panel.is_signed:
            bounds = np.maximum(bounds, 0.0)
            # the loss looks at series that still sell; of the others it has learned no mean
            mean[~is_active] = 0.0
        return Forecast(mean, bounds, history_status(panel, data.signals.context))

    def _total_factor(self, signals: Signals, mean: np.ndarray, active: np.ndarray) -> float:
        """What brings the total of the means (series, horizon) to its level.

        Where two years are known the network has seen the year's course, and its calibration on
        past origins holds. Before that the course cannot have been learned: the active series'
        total stays at their mean over the middle window, times what the year-ago index says of the
        horizon, as in the base. What has not sold in the window yet says nothing of the level.
        """
        panel = signals.panel
        if panel.is_signed or _knows_the_year(signals):
            return self.calibration
        recent = signals.y[active, max(panel.n_periods - signals.windows[1], 0) :]
        known = np.isfinite(recent)
        level = np.where(known, recent, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        index, _ = signals.year_ago(np.array([panel.n_periods]))
        course = np.exp(signals.settings.year_power * index[:, 0]).mean(axis=1)
        level *= course[signals.groups[active]]
        forecast = float(mean[active][level > 0].sum()) / panel.horizon
        return float(level.sum()) / forecast if level.sum() > 0 and forecast > 0 else 1.0

    def save_state(self, folder: Path) -> None:
        """Weights and what belongs to them."""
        np.savez(folder / "weights.npz", *self.weights)
        np.savez(folder / "early_weights.npz", *self.early_weights)
        state = {name: getattr(self, name) for name in STATE}
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")

    def load_state(self, folder: Path) -> None:
        """The network itself is built when the first panel shows its shapes."""
        self.weights, self.early_weights = (
            _read_weights(folder / f"{name}.npz") for name in ("weights", "early_weights")
        )
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        for name in STATE:
            setattr(self, name, state[name])

    def seconds(self, n_series: int, epochs: int | None = None) -> float | None:
        """See `Model`."""
        return seconds_of_fit(self.settings, n_series, self._schedule(n_series), epochs)

    def _schedule(self, n_series: int) -> Schedule:
        """How so many series are learned from."""
        s = self.settings
        size = min(s.batch_series, -(-n_series // 2))
        whole = max(s.steps_per_epoch, -(-n_series // size))
        steps = min(whole, max(s.most_steps, s.steps_per_epoch))
        origins = s.origins if steps == whole else -(-s.origins // 2)
        share = s.steps_per_epoch / steps  # of a usual epoch over this one
        patience = max(int(s.patience * share), 1)
        return Schedule(size, steps, origins, patience, LEAST_GAIN / share)

    def _data(self, panel: Panel) -> Origins:
        season = panel.season_length
        patch = self.settings.patch or (season if season <= LONGEST_PATCH else 1)
        signals = Signals(self.settings, panel, self.group)
        return Origins(signals, patch, self.has_text, self.length)

    def _trained_by(self, data: Origins) -> Trainer:
        """The trainer of a network for the data's shapes: a new one only where they are new."""
        panel = data.signals.panel
        inputs, _, _ = data.inputs(np.arange(1), np.array([panel.n_periods]))
        widths = [int(values.shape[-1]) for values in inputs]
        of_panel = (panel.is_signed, panel.is_count, panel.cardinalities)
        shape = (self.loss, *of_panel, data.patch, *widths)
        if self.trainer is None or self.shape != shape:
            periods = -(-data.signals.window // data.patch)
            self.trainer = self._new_trainer(
                lambda: self.encoder(periods), panel, data.patch, self.has_text, inputs
            )
            self.shape = shape
        return self.trainer

    def _loss_of(self, panel: Panel) -> str:
        """The name of what is minimised on such a panel."""
        return chosen_loss(self.settings.loss, panel)

    def _new_trainer(self, encoder: Callable[[], Any], panel: Panel, *shapes: Any) -> Trainer:
        settings = self.settings.model_copy(update={"loss": self.loss})
        return Trainer(encoder, settings, self.levels, panel, *shapes)

    def _goes_on(self, panel: Panel) -> bool:
        """Whether the refit can begin where the watched training was best: with the same codes."""
        then, now = self.early_encoding, panel.encoding
        return bool(self.early_weights and then and now and then.vocabularies == now.vocabularies)

    def _first_weights(self, is_watched: bool) -> list[np.ndarray] | None:
        """Those of the source, if there is one that knows no more than may be known."""
        if self.source is None:
            return None
        model = self.source.model
        assert isinstance(model, Forked) and model.encoding and self.encoding
        if self.learned_to < model.learned_to:
            reason = f"has learned from periods up to {model.learned_to}, later than the panel's"
        elif model.encoding.vocabularies != self.encoding.vocabularies:
            reason = "knows other categories than the panel has now"
        else:
            return (model.early_weights or None) if is_watched else model.weights
        raise ForecastError(
            f"--from {self.source.run_id}: its model {reason}", "train without --from", BAD_INPUT
        )

    def _checkpoint(self, is_watched: bool) -> Path | None:
        name = "validation.npz" if is_watched else "refit.npz"
        return self.checkpoints / name if self.checkpoints else None

    def _resumed(
        self, file: Path | None, trainer: Trainer, average: WeightAverage, best: list[np.ndarray]
    ) -> list[EpochRecord]:
        """Put everything back to the end of the last epoch that a stopped training finished."""
        found = checkpoints.read(file) if file is not None else None
        if found is None:
            return []
        arrays, values = found
        assign(trainer.state, arrays["state"])
        average.values, average.count, best[:] = arrays["average"], values["count"], arrays["best"]
        return [EpochRecord(**record) for record in values["history"]]

    def _validation_loss(self, trainer: Trainer, data: Origins, held_out: Panel | None) -> float:
        """The training loss at the last origin, mean over the series watched."""
        assert held_out is not None
        end, loss = data.signals.panel.n_periods, 0.0
        watched = watched_series(data.signals.panel, self.run.seed)
        rng = np.random.default_rng(self.run.seed)  # the same jitter in every epoch
        for rows, found, at in trainer.ahead(data, watched, end):
            y, known = data.ahead(rows, held_out, end)
            y = np.where(known, y / at.scale[..., None], 0).astype(np.float32)
            jittered, known = data.jittered(y, at, rng), known.astype(np.float32)
            value = trainer.objective(y, jittered, found.until(y.shape[-1]), known, at)
            loss += float(value) * len(rows) / len(watched)
        return loss

    def _calibrated(self, trainer: Trainer, data: Origins) -> float:
        """Sold over forecast at the origins of the last two spans: the loss leans low."""
        s, signals = self.settings, data.signals
        end, horizon = signals.panel.n_periods, signals.panel.horizon
        first = max(end - horizon - 2 * signals.span, signals.context)
        origins = np.linspace(first, end - horizon // 2, s.calibration_origins).astype(int)
        sold = forecast = 0.0
        everything = np.arange(signals.panel.n_series)
        for origin in np.unique(origins[(origins > 0) & (origins < end)]):
            for rows, found, at in trainer.ahead(data, everything, int(origin)):
                y, known = data.ahead(rows, signals.panel, int(origin))
                mean = found.mean * at.scale[..., None]
                sold += float(y[known].sum())
                forecast += float(mean[..., : y.shape[-1]][known].sum())
        if sold <= 0 or forecast <= 0:
            return 1.0
        return float(np.clip(sold / forecast, 1 / s.calibration_limit, s.calibration_limit))


def _knows_the_year(signals: Signals) -> bool:
    """Whether two years are known, so that a network has seen the year's course."""
    return not signals.panel.is_signed and signals.panel.n_periods >= 2 * signals.year


def _read_weights(path: Path) -> list[np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return [file[f"arr_{i}"] for i in range(len(file.files))]


def coarsest_group(panel: Panel) -> str | None:
    """The static feature with the fewest values of which each has enough series, or None."""
    found = [
        (len(words), name)
        for name, words in (panel.encoding.vocabularies if panel.encoding else {}).items()
        if 2 <= len(words) <= panel.is_launched.sum() / SERIES_OF_A_GROUP
    ]
    return min(found)[1] if found else None
