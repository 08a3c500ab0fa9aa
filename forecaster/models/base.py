"""What every model is: learn from a panel, forecast its horizon, lie in a folder."""

from __future__ import annotations

import dataclasses
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from forecaster.calibration import Calibration, passing_error
from forecaster.config import ModelSettings, RunSettings, model_settings
from forecaster.encoding import Encoding
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.held_out import HeldOut, held_out_forecasts, volume_classes
from forecaster.nodes import NodeForecaster, NodeShapes, fitted_beside
from forecaster.panel import Panel
from forecaster.persistence import learned_persistence
from forecaster.quantiles import LEVELS, Marginals
from forecaster.reconciliation import LevelVerdict
from forecaster.sample import sample
from forecaster.seasonal import seasonal_forecast

OK, SHORT_HISTORY, COLD_START, FALLBACK = "ok", "short_history", "cold_start", "fallback"
FALLBACK_SEASONS = 4
MOST_CALIBRATED = 10_000  # series that distributions are calibrated on
MADE_FOR = ("frequency", "season_length", "is_signed", "horizon")


@dataclasses.dataclass(frozen=True)
class EpochRecord:
    """One number of one epoch; `split` is train or validation, `seconds` those of the epoch."""

    epoch: int
    split: str
    metric_name: str
    metric_value: float
    seconds: float


Report = Callable[[EpochRecord], None]


def silent(_record: EpochRecord) -> None:
    """Reports nothing."""


@dataclasses.dataclass(frozen=True)
class Forecast:
    """mean (series, horizon), quantiles (series, horizon, levels), status (series,).

    What `Model.forecast` gives has the internal levels and, of counts, quantiles of y + U. What
    `Model.predict` gives has the run's levels, quantiles of demand, `marginals`, the whole
    distribution they come from, and the `calibration` that made it, if one did; where the panel has
    nodes, `verdicts` on their levels and the nodes' own distributions.
    """

    mean: np.ndarray
    quantiles: np.ndarray
    status: np.ndarray
    marginals: Marginals | None = None
    calibration: Calibration | None = None
    verdicts: tuple[LevelVerdict, ...] = ()
    shapes: NodeShapes | None = None


@dataclasses.dataclass(frozen=True)
class Fit:
    """What fitting left: its epochs, the validation forecast made before the refit, and what was
    forecast then from all origins of the horizon held out, before any calibration."""

    history: list[EpochRecord]
    validation: Forecast | None
    held_out: list[HeldOut] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Learned:
    """One pass of learning: its epochs' records and the epoch after which it was best."""

    history: list[EpochRecord] = dataclasses.field(default_factory=list)
    best_epoch: int | None = None


@dataclasses.dataclass(frozen=True)
class Source:
    """The trained model that a training begins from, the run that trained it, and its hash."""

    run_id: str
    sha256: str
    model: Model


class Model(ABC):
    """A subclass has `Settings` and defines `learn`, `forecast`, `save_state` and `load_state`."""

    Settings: ClassVar[type[ModelSettings]] = ModelSettings
    begins_from_others: ClassVar[bool] = False  # whether it heeds a `source`
    reads_derived = True  # whether it needs features that come from the target alone
    fits_beside = False  # whether a thread may fit it beside another; TensorFlow has one seed
    is_reconciled: ClassVar[bool] = True  # where the panel has nodes; a baseline stays as it is

    def __init__(self, settings: Any = None, run: RunSettings | None = None) -> None:
        self.settings: Any = settings or self.Settings()
        self.run = run or RunSettings()
        self.encoding: Encoding | None = None
        self.made_for: dict[str, Any] = {}
        self.conformal = Calibration.identity()
        self.source: Source | None = None
        self.members: tuple[Model, ...] = ()  # the models that this one is made of
        self.checkpoints: Path | None = None  # a folder, where a training leaves what it has so far
        self.nodes: NodeForecaster | None = None

    @property
    def name(self) -> str:
        """The module's name, or its dotted path outside this package."""
        return module_name(type(self))

    @property
    def levels(self) -> np.ndarray:
        """The internal grid, at which a model gives quantiles."""
        return np.array(LEVELS, np.float32)

    @abstractmethod
    def learn(
        self, panel: Panel, held_out: Panel | None, epochs: int | None, report: Report
    ) -> Learned:
        """Learn from `panel` alone, for `epochs`.

        `held_out`, the panel up to the end of the validation, serves the loss of each epoch only.
        """

    @abstractmethod
    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff, with quantiles at `levels`; where the panel
        `is_count` they are those of y + U, with U uniform on [0, 1)."""

    def seconds(
        self,
        n_series: int,  # noqa: ARG002
        epochs: int | None = None,  # noqa: ARG002
    ) -> float | None:
        """Of one core, that a fit to so many series takes, with its refit; None: it cannot say."""
        return None

    def paths(
        self,
        panel: Panel,  # noqa: ARG002
        rows: np.ndarray,  # noqa: ARG002
        n_paths: int,  # noqa: ARG002
    ) -> np.ndarray | None:
        """Draws (rows, horizon, paths) of the horizon of some series, which hang together over
        time; None where a model has none. Only their order counts: a series' sums over time are
        made of calibrated distributions in that order. Of counts they are draws of y + U, since
        equal draws would have an order that means nothing.
        """
        return None

    @abstractmethod
    def save_state(self, folder: Path) -> None:
        """Write what was learned; no pickle."""

    @abstractmethod
    def load_state(self, folder: Path) -> None:
        """Read what `save_state` wrote."""

    def fit(
        self, panel: Panel, validation_cutoff: np.datetime64 | None, report: Report = silent
    ) -> Fit:
        """Learn up to `validation_cutoff`, watch the loss on what follows, then learn from all of
        `panel` for the number of epochs that were best (networks for a part of them, from the
        weights that were best). Without a validation there is one pass, for the epochs set, and no
        calibration.

        Where the panel has nodes, they are fitted too, and `predict` agrees with them. What was
        forecast of the horizon held out is brought into line with what the nodes' model forecast
        then, and calibrates the distributions. The validation forecast is given as it was before
        all this: it decides how far nodes are trusted and would be judged by what calibrated it.
        """
        self.nodes, self.conformal = None, Calibration.identity()
        self.made_for = {name: getattr(panel, name) for name in MADE_FOR}
        if validation_cutoff is None:
            self.encoding = panel.encoding
            return Fit(self.learn(panel, None, None, report).history, None)
        early = panel.at(validation_cutoff)
        has_nodes = self._has_nodes(panel)
        with fitted_beside(self.run, panel, early.n_periods) if has_nodes else nullcontext():
            self.encoding = early.encoding
            learned = self.learn(early, panel, None, report)
            found, validation = self._held_out(panel, early)
            self.encoding = panel.encoding
            self.learn(panel, None, learned.best_epoch, report)
        agreed = found
        if has_nodes:
            self.nodes, agreed = NodeForecaster.fitted(self, panel, found)
        n_horizons = (panel.n_periods - found[0].origin) / panel.horizon
        rows = sample(np.flatnonzero(panel.is_launched), MOST_CALIBRATED, self.run.seed)
        some = [one.of_series(rows) for one in agreed]
        passes = passing_error(some)
        some = [one.times(passes) for one in some]
        self.conformal = Calibration.learned(some, n_horizons, self.run.seed)
        if self.conformal.n_obs.any():
            first = agreed[0].times(passes)
            stays = learned_persistence(early, first, self.conformal, self.run.seed)
            self.conformal = dataclasses.replace(self.conformal, persistence=stays)
        return Fit(learned.history, validation, found)

    def _held_out(self, panel: Panel, early: Panel) -> tuple[list[HeldOut], Forecast]:
        """What it says of the horizon after `early`, and its forecast from the first origin."""
        statuses: list[np.ndarray] = []

        def ahead(cut: Panel) -> tuple[np.ndarray, Marginals]:
            mean, status, marginals = self.distribution(cut)
            statuses.append(status)
            return mean, marginals

        found = held_out_forecasts(panel, early, ahead)
        first = found[0]
        quantiles = first.marginals.at(np.array(self.run.quantiles))
        return found, Forecast(first.mean, quantiles, statuses[0], first.marginals)

    def predict(self, panel: Panel) -> Forecast:
        """The horizon after the cutoff: finite, not crossing, not negative unless signed; quantiles
        at the levels of the run, whole where demand comes in counts."""
        mean, status, marginals = self.distribution(panel)
        verdicts: tuple[LevelVerdict, ...] = ()
        shapes = None
        if self.nodes is not None and panel.nodes is not None:
            verdicts = self.nodes.weights.verdicts
            mean, marginals, shapes = self.nodes.agreed(panel, mean, marginals)
        calibration = self.conformal if self.conformal.n_obs.any() else None
        if calibration is not None:
            marginals = calibration.applied(mean, marginals, volume_classes(panel))
        quantiles = marginals.at(np.array(self.run.quantiles))
        return Forecast(mean, quantiles, status, marginals, calibration, verdicts, shapes)

    def distribution(self, panel: Panel) -> tuple[np.ndarray, np.ndarray, Marginals]:
        """Mean, status and distributions before reconciliation and calibration."""
        raw = self.forecast(panel)
        mean, quantiles = np.array(raw.mean, np.float32), np.array(raw.quantiles, np.float32)
        status = raw.status.astype(object)
        broken = ~(np.isfinite(mean).all(1) & np.isfinite(quantiles).all((1, 2)))
        if broken.any():
            plain_mean, plain_quantiles = seasonal_forecast(panel, FALLBACK_SEASONS, self.levels)
            mean[broken], quantiles[broken] = plain_mean[broken], plain_quantiles[broken]
            status[broken] = FALLBACK
        quantiles = np.sort(quantiles, axis=-1)
        if not panel.is_signed:
            mean, quantiles = np.maximum(mean, 0), np.maximum(quantiles, 0)
        return mean, status, Marginals(self.levels, quantiles, panel.is_count, panel.is_signed)

    def _has_nodes(self, panel: Panel) -> bool:
        return panel.nodes is not None and self.is_reconciled and self.run.nodes_model != "none"

    def check_made_for(self, panel: Any) -> None:
        """Raises where a panel, or the settings of one, is not what the model was fitted to."""
        for name, then in self.made_for.items():
            now = getattr(panel, name)
            if now != then:
                raise ForecastError(
                    f"the model {self.name} was trained for a panel with {name} {then}; now it has "
                    f"{name} {now}",
                    "run `forecast train` for a model of the panel as it is now",
                    BAD_INPUT,
                )

    def save(self, folder: Path) -> None:
        """Write the model into an empty folder."""
        if self.encoding is None:
            raise ValueError("fit the model before saving it")
        description = {
            "model": self.name,
            "run": self.run.model_dump(mode="json"),
            "settings": self.settings.model_dump(mode="json"),
            "encoding": self.encoding.to_json(),
            "made_for": self.made_for,
            "calibration": self.conformal.to_json(),
        }
        (folder / "model.json").write_text(
            json.dumps(description, indent=1, ensure_ascii=False), encoding="utf-8"
        )
        self.save_state(folder)
        if self.nodes is not None:
            (folder / "nodes").mkdir()
            self.nodes.save(folder / "nodes")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a model that `save` wrote."""
        description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        model = cls(
            model_settings(cls.Settings, description["settings"], module_name(cls)),
            RunSettings(**description["run"]),
        )
        model.encoding = Encoding.from_json(description["encoding"])
        model.made_for = description["made_for"]
        model.conformal = Calibration.from_json(description["calibration"])
        model.load_state(folder)
        if (folder / "nodes").is_dir():
            model.nodes = NodeForecaster.load(folder / "nodes")
        return model


def module_name(kind: type[Model]) -> str:
    """The name by which `--model` finds a class."""
    return kind.__module__.removeprefix("forecaster.models.")


def load_model(folder: Path) -> Model:
    """The model that lies in a folder."""
    from forecaster.models import model_class

    try:
        name = json.loads((folder / "model.json").read_text(encoding="utf-8"))["model"]
        kind = model_class(name)
    except ForecastError as error:
        raise ForecastError(
            f"the model in {folder} was made by a class that is gone: {error.message}",
            "make its module importable again, or `forecast runs promote` a run of another model",
            BAD_INPUT,
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(folder, error) from error
    try:
        return kind.load(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: Exception) -> ForecastError:
    return ForecastError(
        f"the model in {folder} cannot be read: {error}",
        "another version of the package wrote it, or it is damaged: run `forecast train` for a new "
        "one, or restore the folder from a backup",
    )


def history_status(panel: Panel, needed: int) -> np.ndarray:
    """(series,): ok, short_history (fewer than `needed` known periods) or cold_start (no sale)."""
    known = np.isfinite(panel.y_train)
    count = known.sum(1)
    never = ~((panel.y_train != 0) & known).any(1)
    status = np.full(panel.n_series, OK, object)
    status[count < needed] = SHORT_HISTORY
    status[never & (count < needed) | (count == 0)] = COLD_START
    return status
