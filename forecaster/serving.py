"""From a trained run to what its panel is served by: selection, and forecasts of all champions."""

from __future__ import annotations

import dataclasses

import numpy as np

from forecaster import champions, features, registry
from forecaster.panel_settings import PanelSettings
from forecaster.predict_run import predict_panel
from forecaster.recording import Outcome
from forecaster.selection import Candidate
from forecaster.train_run import train_panel
from forecaster.warehouse import Warehouse
from forecaster.work import make_model


def served(warehouse: Warehouse, settings: PanelSettings, trained: Outcome) -> list[Outcome]:
    """Select anew after a run was trained; that run, judged, and what else had to be run for it.

    These are baselines that are to be published and were never trained, and champions of segments
    that have not forecast from the features from which the champion of all series has.
    """
    name, live = settings.panel_name, np.datetime64(settings.last_period, "D")
    selected = champions.select(warehouse, name, live)
    more = []
    for one in selected.missing:
        model = make_model(one.model_name, registry.settings_of(warehouse, name, one))
        more.append(train_panel(warehouse, settings, model, force=False))
    if selected.missing:
        selected = champions.select(warehouse, name, live)
    first, *others = champions.present(warehouse, name)
    current = features.fingerprint(warehouse, name)
    if others and registry.has_forecast(warehouse, first["run_id"], current):
        more += [
            predict_panel(warehouse, settings, one)
            for one in others
            if not registry.has_forecast(warehouse, one["run_id"], current)
        ]
    return [_judged(warehouse, outcome, selected, first["run_id"]) for outcome in [trained, *more]]


def _judged(
    warehouse: Warehouse, outcome: Outcome, selected: champions.Selected, champion_run: str
) -> Outcome:
    if outcome.kind != "train" or outcome.status != "complete":
        return outcome
    if outcome.verdict is not None and outcome.run_id == champion_run:
        return outcome
    row = registry.show(warehouse, outcome.run_id)
    candidate = Candidate(row["model_name"], row["settings_fingerprint"])
    return dataclasses.replace(
        outcome, verdict=selected.verdict(outcome.run_id, candidate, champion_run)
    )
