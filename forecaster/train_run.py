"""A run that fits a model on one panel and writes its live forecast."""

from __future__ import annotations

import dataclasses

from forecaster import artifacts, champions, features, forecast_tables, registry, work
from forecaster.features import PanelSettings
from forecaster.fingerprints import fingerprints
from forecaster.models.base import Model
from forecaster.recording import Outcome, recorded
from forecaster.results import cutoff_tables, run_results
from forecaster.warehouse import Warehouse


def train_panel(
    warehouse: Warehouse, settings: PanelSettings, model: Model, force: bool
) -> Outcome:
    """Fit up to the last period. The forecast of the validation horizon, made before the refit, is
    written too; unchanged features, settings and code train nothing unless `force`.
    """
    name = settings.panel_name
    prints = fingerprints(model, features.fingerprint(warehouse, name))
    earlier = registry.find_complete(warehouse, "train", name, model.name, prints)
    if earlier and not force:
        return Outcome("train", name, model.name, earlier, "unchanged")
    panel = work.read(warehouse, settings)
    with recorded(warehouse, "train", name, model, prints) as run:
        live = panel.at(panel.cutoff)
        origin = panel.validation_cutoff(panel.cutoff)
        with warehouse.project.progress.task(f"Training {model.name} on {name}") as task:
            fit = model.fit(live, origin, work.epoch_reporter(task, model))
        tables = [cutoff_tables(panel, live, model.predict(live), model)]
        if fit.validation is not None and origin is not None:
            tables.append(cutoff_tables(panel, panel.at(origin), fit.validation, model))
        path, digest = artifacts.save(model, warehouse.project.artifacts_folder, run.run_id)
        stack = champions.stack(warehouse, name)
        verdict = champions.judge(warehouse, name, model, prints.settings)
        history = [(panel.cutoff, record) for record in fit.history]
        results = dataclasses.replace(
            run_results(
                name, model, tables, history, verdict.reason if verdict.is_champion else None
            ),
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
