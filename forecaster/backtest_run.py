"""A run that forecasts one panel's past from each backtest cutoff, as if today were that day."""

from __future__ import annotations

import numpy as np

from forecaster import features, panel_settings, registry, work
from forecaster.fingerprints import fingerprints
from forecaster.models.base import Model
from forecaster.panel import Panel
from forecaster.panel_settings import PanelSettings
from forecaster.recording import Outcome, recorded
from forecaster.results import cutoff_tables, run_results
from forecaster.warehouse import Warehouse


def backtest_panel(
    warehouse: Warehouse, settings: PanelSettings, model: Model, loaded: list[Panel], force: bool
) -> Outcome:
    """Fit and forecast at each backtest cutoff.

    `loaded` keeps the panel for the next model, once one of them needs it.
    """
    name = settings.panel_name
    prints = fingerprints(model, features.fingerprint(warehouse, name))
    earlier = registry.find_complete(warehouse, "backtest", name, model.name, prints)
    if earlier and not force:
        return Outcome("backtest", name, model.name, earlier, "unchanged")
    cutoffs = [
        np.datetime64(c.cutoff, "D")
        for c in panel_settings.cutoffs(warehouse, name)
        if c.is_backtest
    ]
    if not cutoffs:
        why = (
            "no backtest cutoff: its history is too short for a horizon of "
            f"{settings.horizon} before one, or `cutoffs` in the var `panels` are outside it"
        )
        return Outcome("backtest", name, model.name, "", "skipped", notes=(why,))
    panel = work.read_again(warehouse, settings, model, loaded)
    with recorded(warehouse, "backtest", name, model, prints) as run:
        tables, history = [], []
        title = f"Backtesting {model.name} on {name}"
        with warehouse.project.progress.task(title, len(cutoffs)) as task:
            for i, cutoff in enumerate(cutoffs):
                task.update(i, len(cutoffs), f"cutoff {cutoff}")
                cut = panel.at(cutoff)
                detail = f"cutoff {cutoff}, "
                fit = model.fit(
                    cut, panel.validation_cutoff(cutoff), work.epoch_reporter(task, None, detail)
                )
                tables.append(cutoff_tables(panel, cut, model.predict(cut), model, model.paths))
                history += [(cutoff, record) for record in fit.history]
                task.update(i + 1, len(cutoffs))
        run.complete(run_results(name, model, tables, history, None), {})
    return run.outcome
