"""What one command does: train, predict, backtest. A run is one panel and one model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forecaster import artifacts, champions, features, forecast_tables, registry
from forecaster.config import DEFAULT_MODEL, model_settings, run_settings, split_settings
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.features import PanelSettings
from forecaster.fingerprints import fingerprints
from forecaster.forecast_tables import RunResults
from forecaster.models import model_class
from forecaster.models.base import EpochRecord, Forecast, Model
from forecaster.panel import Panel
from forecaster.progress import Task
from forecaster.project import ANALYSES, Project
from forecaster.recording import Outcome, recorded
from forecaster.results import history_table, prediction_tables
from forecaster.warehouse import Warehouse

BASELINES = ("seasonal_naive", "seasonal_mean")


def make_model(name: str, values: Mapping[str, Any]) -> Model:
    """A model with checked settings."""
    of_run, own = split_settings(values)
    kind = model_class(name)
    return kind(model_settings(kind.Settings, own, name), run_settings(of_run))


def train(
    project: Project,
    panels: Sequence[str] = (),
    model: str = DEFAULT_MODEL,
    settings: Mapping[str, Any] | None = None,
    force: bool = False,
) -> list[Outcome]:
    """Fit a model on each panel up to its last period and write its live forecast.

    The forecast of the validation horizon, made before the refit, is written and scored too. A
    panel whose features, settings and code have been trained before is left alone unless `force`.
    """
    return _refreshed(project, _train(project, panels, model, settings, force))


def predict(project: Project, panels: Sequence[str] = ()) -> list[Outcome]:
    """Forecast each panel with its champion, as it was trained, from the newest features."""
    warehouse = _opened(project)
    found = features.panels(warehouse, panels)
    present = {panel.panel_name: champions.champion(warehouse, panel.panel_name) for panel in found}
    outcomes = [_predict_panel(warehouse, panel, present[panel.panel_name]) for panel in found]
    return _refreshed(project, outcomes)


def backtest(
    project: Project,
    panels: Sequence[str] = (),
    models: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    force: bool = False,
) -> list[Outcome]:
    """Fit each model at each backtest cutoff of each panel, and score its forecasts.

    Panels that have no such cutoff are skipped, unless they were asked for or there is no other.
    """
    outcomes = _backtest(project, panels, models, settings, force)
    skipped = [outcome for outcome in outcomes if outcome.status == "skipped"]
    if skipped and (panels or len(skipped) == len(outcomes)):
        raise ForecastError(
            f"panel '{skipped[0].panel_name}' has {skipped[0].notes[0]}",
            "give the panel a shorter `horizon` or earlier `cutoffs` in the var `panels`, then run "
            "`forecast build`; its live forecast (`forecast train`) needs none",
            BAD_INPUT,
        )
    return _refreshed(project, outcomes)


def run_all(
    project: Project,
    panels: Sequence[str] = (),
    model: str = DEFAULT_MODEL,
    settings: Mapping[str, Any] | None = None,
    force: bool = False,
) -> list[Outcome]:
    """Backtest the baselines and the model, then train it, and the baselines that are better.

    In this order the training can tell what is better than the present champion. The marts are
    refreshed once, at the end.
    """
    of_run, _ = split_settings(settings or {})
    baselines = [name for name in BASELINES if name != model]
    outcomes = _backtest(project, panels, baselines, of_run, force)
    outcomes += _backtest(project, panels, [model], settings, force)
    outcomes += _train(project, panels, model, settings, force)
    outcomes += _train_better(project, panels, baselines, of_run, force)
    return _refreshed(project, outcomes)


def promote(project: Project, run_id: str, reason: str) -> dict[str, Any]:
    """Make a trained run its panel's champion; returns its row of `runs`."""
    warehouse = Warehouse(project)
    chosen = registry.show(warehouse, run_id)
    project.marts_due.set()
    champions.promote(warehouse, chosen, reason)
    _refreshed(project, [])
    return chosen


def roll_back(project: Project, panel: str) -> dict[str, Any]:
    """Make the champion before the present one champion again; returns its row of the stack."""
    warehouse = Warehouse(project)
    project.marts_due.set()
    before = champions.roll_back(warehouse, panel)
    _refreshed(project, [])
    return before


def _train(
    project: Project,
    panels: Sequence[str],
    model: str,
    settings: Mapping[str, Any] | None,
    force: bool,
) -> list[Outcome]:
    make_model(model, settings or {})
    warehouse = _opened(project)
    return [
        _train_panel(warehouse, panel, make_model(model, settings or {}), force)
        for panel in features.panels(warehouse, panels)
    ]


def _train_better(
    project: Project,
    panels: Sequence[str],
    models: Sequence[str],
    settings: Mapping[str, Any],
    force: bool,
) -> list[Outcome]:
    """Train those models that would be a panel's champion."""
    warehouse, outcomes = Warehouse(project), []
    for panel in features.panels(warehouse, panels):
        for name in models:
            model = make_model(name, settings)
            prints = fingerprints(model, features.fingerprint(warehouse, panel.panel_name))
            if champions.judge(warehouse, panel.panel_name, model, prints.settings).is_champion:
                outcomes.append(_train_panel(warehouse, panel, model, force))
    return outcomes


def _backtest(
    project: Project,
    panels: Sequence[str],
    models: Sequence[str],
    settings: Mapping[str, Any] | None,
    force: bool,
) -> list[Outcome]:
    names = list(models) or [*BASELINES, DEFAULT_MODEL]
    _, own = split_settings(settings or {})
    if own and len(names) > 1:
        raise ForecastError(
            f"setting '{next(iter(own))}' is a model's own, and {len(names)} models were asked for",
            "name one model with --model",
            BAD_INPUT,
        )
    for name in names:
        make_model(name, settings or {})
    warehouse = _opened(project)
    outcomes = []
    for panel in features.panels(warehouse, panels):
        loaded: list[Panel] = []
        for name in names:
            model = make_model(name, settings or {})
            outcomes.append(_backtest_panel(warehouse, panel, model, loaded, force))
    return outcomes


def _train_panel(
    warehouse: Warehouse, settings: PanelSettings, model: Model, force: bool
) -> Outcome:
    name = settings.panel_name
    prints = fingerprints(model, features.fingerprint(warehouse, name))
    earlier = registry.find_complete(warehouse, "train", name, model.name, prints)
    if earlier and not force:
        return Outcome("train", name, model.name, earlier, "unchanged")
    panel = _read(warehouse, settings)
    with recorded(warehouse, "train", name, model, prints) as run:
        live = panel.at(panel.cutoff)
        origin = _validation_cutoff(panel, panel.cutoff)
        with warehouse.project.progress.task(f"Training {model.name} on {name}") as task:
            fit = model.fit(live, origin, _reporter(task, model))
        tables = [_tables(panel, live, model.predict(live), model)]
        if fit.validation is not None and origin is not None:
            tables.append(_tables(panel, panel.at(origin), fit.validation, model))
        path, digest = artifacts.save(model, warehouse.project.artifacts_folder, run.run_id)
        stack = champions.stack(warehouse, name)
        verdict = champions.judge(warehouse, name, model, prints.settings)
        history = [(panel.cutoff, record) for record in fit.history]
        results = dataclasses.replace(
            _results(name, model, tables, history, verdict.reason if verdict.is_champion else None),
            replaces=stack[-1]["run_id"] if stack else None,
        )
        run.complete(results, {"artifact_path": path, "artifact_sha256": digest})
    if verdict.is_champion and champions.champion(warehouse, name)["run_id"] != run.run_id:
        # another train came between: it is the one to be better than
        verdict = champions.judge(warehouse, name, model, prints.settings)
        if verdict.is_champion:
            forecast_tables.promote(warehouse, run.run_id, verdict.reason)
    notes = (
        ()
        if origin is not None
        else (f"{name}: too short a history to hold out a horizon for validation",)
    )
    return dataclasses.replace(run.outcome, verdict=verdict, notes=notes)


def _predict_panel(
    warehouse: Warehouse, settings: PanelSettings, champion: dict[str, Any]
) -> Outcome:
    name = settings.panel_name
    model = artifacts.load(
        warehouse.path.parent,
        champion["artifact_path"],
        champion["artifact_sha256"],
        champion["run_id"],
    )
    model.check_made_for(settings)
    prints = fingerprints(model, features.fingerprint(warehouse, name))
    panel = _read(warehouse, settings, model)
    with recorded(warehouse, "predict", name, model, prints, champion["run_id"]) as run:
        with warehouse.project.progress.task(f"Forecasting {name} with {model.name}"):
            live = panel.at(panel.cutoff, model.encoding)
            tables = [_tables(panel, live, model.predict(live), model)]
        run.complete(_results(name, model, tables, [], None), {})
    return run.outcome


def _backtest_panel(
    warehouse: Warehouse, settings: PanelSettings, model: Model, loaded: list[Panel], force: bool
) -> Outcome:
    """`loaded` keeps the panel for the next model, once one of them needs it."""
    name = settings.panel_name
    prints = fingerprints(model, features.fingerprint(warehouse, name))
    earlier = registry.find_complete(warehouse, "backtest", name, model.name, prints)
    if earlier and not force:
        return Outcome("backtest", name, model.name, earlier, "unchanged")
    cutoffs = [
        np.datetime64(c.cutoff, "D") for c in features.cutoffs(warehouse, name) if c.is_backtest
    ]
    if not cutoffs:
        why = (
            "no backtest cutoff: its history is too short for a horizon of "
            f"{settings.horizon} before one, or `cutoffs` in the var `panels` are outside it"
        )
        return Outcome("backtest", name, model.name, "", "skipped", notes=(why,))
    if not loaded:
        loaded.append(_read(warehouse, settings))
    panel = loaded[0]
    with recorded(warehouse, "backtest", name, model, prints) as run:
        tables, history = [], []
        title = f"Backtesting {model.name} on {name}"
        with warehouse.project.progress.task(title, len(cutoffs)) as task:
            for i, cutoff in enumerate(cutoffs):
                task.update(i, len(cutoffs), f"cutoff {cutoff}")
                cut = panel.at(cutoff)
                detail = f"cutoff {cutoff}, "
                fit = model.fit(
                    cut, _validation_cutoff(panel, cutoff), _reporter(task, None, detail)
                )
                tables.append(_tables(panel, cut, model.predict(cut), model))
                history += [(cutoff, record) for record in fit.history]
                task.update(i + 1, len(cutoffs))
        run.complete(_results(name, model, tables, history, None), {})
    return run.outcome


def _opened(project: Project) -> Warehouse:
    """The warehouse, ready to be written to and cleared of runs whose process died."""
    warehouse = Warehouse(project)
    for analysis in ANALYSES:
        project.compiled(analysis)  # before hours of training, not after
    for run_id in forecast_tables.abandon_dead_runs(warehouse):
        artifacts.remove(project.artifacts_folder, run_id)
        project.progress.note(f"run {run_id} was abandoned: its process died")
    return warehouse


def _refreshed(project: Project, outcomes: list[Outcome]) -> list[Outcome]:
    """The marts follow whatever was written, now or by a command that was stopped before this."""
    if project.marts_due.is_set:
        project.refresh_marts()
    return outcomes


def _read(warehouse: Warehouse, settings: PanelSettings, model: Model | None = None) -> Panel:
    with warehouse.project.progress.task(f"Reading {settings.panel_name}"):
        return features.read_panel(warehouse, settings, model.encoding if model else None)


def _validation_cutoff(panel: Panel, cutoff: np.datetime64) -> np.datetime64 | None:
    """One horizon before a cutoff, if dbt fitted scales there: a shorter history has none."""
    place = panel.index_of(cutoff) - panel.horizon
    return panel.ds[place] if place >= 0 and panel.ds[place] in panel.scaling else None


def _tables(panel: Panel, cut: Panel, forecast: Forecast, model: Model) -> tuple[Any, Any]:
    """Rows of the series begun by the cutoff; from the last one also those yet to launch."""
    begun = panel.start[:, None] < cut.n_periods
    is_included = np.repeat(begun, cut.horizon, axis=1)
    if cut.n_periods == panel.n_periods:
        steps = cut.n_periods + np.arange(cut.horizon)
        is_included = panel.start[:, None] <= steps[None, :]
    return prediction_tables(cut, forecast, model.name, model.run, is_included)


def _results(
    panel_name: str,
    model: Model,
    tables: Sequence[tuple[Any, Any]],
    history: Sequence[tuple[np.datetime64, EpochRecord]],
    promotion_reason: str | None,
) -> RunResults:
    import pyarrow as pa

    return RunResults(
        predictions=pa.concat_tables([t[0] for t in tables]).unify_dictionaries(),
        quantiles=pa.concat_tables([t[1] for t in tables]).unify_dictionaries(),
        training_history=history_table(panel_name, model.name, history),
        promotion_reason=promotion_reason,
    )


def _reporter(task: Task, model: Model | None, prefix: str = "") -> Any:
    total = getattr(model.settings, "epochs", None) if model else None

    def report(record: EpochRecord) -> None:
        number = f"{record.split} {record.metric_name} {record.metric_value:.4f}"
        detail = f"{prefix}epoch {record.epoch}, {number}"
        if model:
            task.update(record.epoch, total, detail)
        else:
            task.detail(detail)

    return report
