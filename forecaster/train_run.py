"""A run that fits a model on one panel and writes its live forecast."""

from __future__ import annotations

import dataclasses

import numpy as np

from forecaster import (
    artifacts,
    champions,
    checkpoints,
    estimates,
    features,
    panel_settings,
    registry,
    work,
)
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.fingerprints import fingerprints
from forecaster.models.base import Fit, Model, Report, Source
from forecaster.panel import Panel
from forecaster.panel_settings import PanelSettings
from forecaster.paths import no_paths
from forecaster.recording import Outcome, recorded
from forecaster.results import cutoff_tables, run_results
from forecaster.warehouse import Warehouse


def train_panel(
    warehouse: Warehouse,
    settings: PanelSettings,
    model: Model,
    force: bool,
    source: str | None = None,
    budget: float | None = None,
) -> Outcome:
    """Fit up to the last period. The forecast of the validation horizon, made before the refit, is
    written too; unchanged features, settings and code train nothing unless `force`. `source` is the
    run whose model the training begins from. A training that was stopped goes on. What would take
    more seconds of a core than `budget` is refused before anything is read.
    """
    name = settings.panel_name
    if source is not None:
        model.source = _source(warehouse, settings, model, source)
    prints = fingerprints(model, features.fingerprint(warehouse, name))
    earlier = registry.find_complete(warehouse, "train", name, model.name, prints)
    if earlier and not force:
        return Outcome("train", name, model.name, earlier, "unchanged")
    n_series, n_rows = panel_settings.size(warehouse, name)
    said = estimates.check_time(
        name,
        n_rows,
        lambda epochs: model.seconds(n_series, epochs),
        budget,
        getattr(model.settings, "epochs", None),
    )
    if said:
        warehouse.project.progress.note(said)
    panel = work.read(warehouse, settings, model)
    folder = checkpoints.folder_of(
        warehouse.project.artifacts_folder, name, model.name, *dataclasses.astuple(prints)
    )
    model.checkpoints, found = folder, checkpoints.describe(folder)
    if found:
        warehouse.project.progress.note(f"{name}: {found}")
    with recorded(warehouse, "train", name, model, prints) as run:
        live = panel.at(panel.cutoff)
        origin = panel.validation_cutoff(panel.cutoff)
        with warehouse.project.progress.task(f"Training {model.name} on {name}") as task:
            fit = _fit(model, live, origin, work.epoch_reporter(task, model))
        tables = [cutoff_tables(panel, live, model.predict(live), model, model.paths)]
        if fit.validation is not None and origin is not None:
            # the model has learned that horizon since, so that its paths would know it
            cut = panel.at(origin)
            tables.append(cutoff_tables(panel, cut, fit.validation, model, no_paths))
        path, digest = artifacts.save(model, warehouse.project.artifacts_folder, run.run_id)
        stack = champions.stack(warehouse, name)
        reason = champions.succession(warehouse, name, model, prints.settings)
        history = [(panel.cutoff, record) for record in fit.history]
        results = dataclasses.replace(
            run_results(name, model, tables, history, reason),
            replaces=stack[-1]["run_id"] if stack else None,
        )
        run.complete(results, {"artifact_path": path, "artifact_sha256": digest})
    checkpoints.forget(folder)
    verdict = champions.Verdict(True, reason) if reason else None
    notes = [found] if found else []
    if origin is None:
        notes.append(f"{name}: too short a history to hold out a horizon for validation")
    return dataclasses.replace(run.outcome, verdict=verdict, notes=tuple(notes))


def _fit(model: Model, live: Panel, origin: np.datetime64 | None, report: Report) -> Fit:
    """What stopped by itself would stop again: nothing is left to go on from."""
    try:
        return model.fit(live, origin, report)
    except ForecastError:
        if model.checkpoints is not None:
            checkpoints.forget(model.checkpoints)
        raise


def _source(warehouse: Warehouse, settings: PanelSettings, model: Model, run_id: str) -> Source:
    """The trained model of a run of the same panel and model."""
    row = registry.show(warehouse, run_id)
    if (row["kind"], row["status"]) != ("train", "complete"):
        reason = f"is a {row['kind']} run, {row['status']}, and has no model of its own"
    elif row["panel_name"] != settings.panel_name:
        reason = f"is of panel '{row['panel_name']}'"
    elif row["model_name"] != model.name:
        reason = f"is of {row['model_name']}"
    elif not model.begins_from_others:
        reason = f"cannot be gone on from: {model.name} learns no weights step by step"
    else:
        trained = artifacts.load(
            warehouse.path.parent, row["artifact_path"], row["artifact_sha256"], run_id
        )
        trained.check_made_for(settings)
        return Source(run_id, row["artifact_sha256"], trained)
    raise ForecastError(
        f"--from {run_id}: to train {model.name} on '{settings.panel_name}' from it, it must be a "
        f"complete train run of the same; it {reason}",
        "see `forecast runs list`, or train without --from",
        BAD_INPUT,
    )
