"""A run that forecasts one panel with a model that another run fitted."""

from __future__ import annotations

from typing import Any

from forecaster import artifacts, features, work
from forecaster.fingerprints import fingerprints
from forecaster.panel_settings import PanelSettings
from forecaster.recording import Outcome, recorded
from forecaster.results import cutoff_tables, run_results
from forecaster.warehouse import Warehouse


def predict_panel(
    warehouse: Warehouse, settings: PanelSettings, champion: dict[str, Any]
) -> Outcome:
    """Forecast from the newest features with the champion, as it was trained."""
    name = settings.panel_name
    model = artifacts.load(
        warehouse.path.parent,
        champion["artifact_path"],
        champion["artifact_sha256"],
        champion["run_id"],
    )
    model.check_made_for(settings)
    prints = fingerprints(model, features.fingerprint(warehouse, name))
    panel = work.read(warehouse, settings, model)
    with recorded(warehouse, "predict", name, model, prints, champion["run_id"]) as run:
        with warehouse.project.progress.task(f"Forecasting {name} with {model.name}"):
            live = panel.at(panel.cutoff, model.encoding)
            tables = [cutoff_tables(panel, live, model.predict(live), model, model.paths)]
        run.complete(run_results(name, model, tables, [], None), {})
    return run.outcome
