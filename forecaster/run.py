"""What one command does: train, predict, backtest. A run is one panel and one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forecaster import champions, panel_settings, registry, work
from forecaster.backtest_run import backtest_panel
from forecaster.config import DEFAULT_MODEL, split_settings
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.models.base import Model
from forecaster.panel import Panel
from forecaster.panel_settings import PanelSettings
from forecaster.predict_run import predict_panel
from forecaster.project import Project
from forecaster.recording import Outcome
from forecaster.serving import served
from forecaster.train_run import train_panel
from forecaster.tune_run import best_settings, tune_panel
from forecaster.warehouse import Warehouse
from forecaster.work import make_model

BASELINES = ("seasonal_naive", "seasonal_mean")
DEFAULT_TRIALS = 20


def train(
    project: Project,
    panels: Sequence[str] = (),
    model: str = DEFAULT_MODEL,
    settings: Mapping[str, Any] | None = None,
    force: bool = False,
    tuned: bool = False,
    source: str | None = None,
    budget: float | None = None,
) -> list[Outcome]:
    """Fit a model on each panel up to its last period and write its live forecast.

    The forecast of the validation horizon, made before the refit, is written and scored too. A
    panel whose features, settings and code have been trained before is left alone unless `force`.
    With `tuned`, settings that are not given are those that `tune` found best on the panel.
    `source` is a run of the same model on the one panel, whose weights are the start. A panel whose
    training would take more than `budget` seconds of a core is refused before it is read.
    """
    outcomes = _train(project, panels, model, settings, force, tuned, source, budget)
    return work.refreshed(project, outcomes)


def predict(project: Project, panels: Sequence[str] = ()) -> list[Outcome]:
    """Forecast each panel with its champions, as they were trained, from the newest features."""
    warehouse = work.opened(project)
    found = panel_settings.panels(warehouse, panels)
    present = {panel.panel_name: champions.present(warehouse, panel.panel_name) for panel in found}
    outcomes = [
        predict_panel(warehouse, panel, one) for panel in found for one in present[panel.panel_name]
    ]
    return work.refreshed(project, outcomes)


def backtest(
    project: Project,
    panels: Sequence[str] = (),
    models: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    force: bool = False,
    tuned: bool = False,
) -> list[Outcome]:
    """Fit each model at each backtest cutoff of each panel, and score its forecasts.

    Panels that have no such cutoff are skipped, unless they were asked for or there is no other.
    """
    outcomes = _backtest(project, panels, models, settings, force, tuned)
    skipped = [outcome for outcome in outcomes if outcome.status == "skipped"]
    if skipped and (panels or len(skipped) == len(outcomes)):
        raise ForecastError(
            f"panel '{skipped[0].panel_name}' has {skipped[0].notes[0]}",
            "give the panel a shorter `horizon` or earlier `cutoffs` in the var `panels`, then run "
            "`forecast build`; its live forecast (`forecast train`) needs none",
            BAD_INPUT,
        )
    return work.refreshed(project, outcomes)


def tune(
    project: Project,
    panels: Sequence[str] = (),
    model: str = DEFAULT_MODEL,
    settings: Mapping[str, Any] | None = None,
    trials: int = DEFAULT_TRIALS,
    timeout: float | None = None,
) -> list[Outcome]:
    """Search the settings of a model that are not given, on each panel; `timeout` is a panel's."""
    make_model(model, settings or {})
    warehouse = work.opened(project)
    outcomes = [
        tune_panel(warehouse, panel, model, settings or {}, trials, timeout)
        for panel in panel_settings.panels(warehouse, panels)
    ]
    return work.refreshed(project, outcomes)


def run_all(
    project: Project,
    panels: Sequence[str] = (),
    model: str = DEFAULT_MODEL,
    settings: Mapping[str, Any] | None = None,
    force: bool = False,
    tuned: bool = False,
) -> list[Outcome]:
    """Backtest the baselines and the model, then train it, and the baselines that are to be served.

    In this order the training can tell what is better than the present champion. The marts are
    refreshed once, at the end.
    """
    of_run, _ = split_settings(settings or {})
    baselines = [name for name in BASELINES if name != model]
    outcomes = _backtest(project, panels, baselines, of_run, force)
    outcomes += _backtest(project, panels, [model], settings, force, tuned)
    outcomes += _train(project, panels, model, settings, force, tuned)
    return work.refreshed(project, outcomes)


def promote(project: Project, run_id: str, reason: str) -> dict[str, Any]:
    """Make a trained run its panel's champion; returns its row of `runs`."""
    warehouse = Warehouse(project)
    chosen = registry.show(warehouse, run_id)
    project.marts_due.set()
    champions.promote(warehouse, chosen, reason)
    work.refreshed(project, [])
    return chosen


def roll_back(project: Project, panel: str) -> dict[str, Any]:
    """Make the champion before the present one champion again; returns its row of the stack."""
    warehouse = Warehouse(project)
    project.marts_due.set()
    before = champions.roll_back(warehouse, panel)
    work.refreshed(project, [])
    return before


def _train(
    project: Project,
    panels: Sequence[str],
    model: str,
    settings: Mapping[str, Any] | None,
    force: bool,
    tuned: bool,
    source: str | None = None,
    budget: float | None = None,
) -> list[Outcome]:
    make_model(model, settings or {})
    warehouse = work.opened(project)
    found = panel_settings.panels(warehouse, panels)
    models = [_made(warehouse, panel, model, settings, tuned) for panel in found]
    if source is not None and len(found) > 1:
        raise ForecastError(
            f"--from {source}: a run is of one panel, and {len(found)} panels were asked for",
            "name its panel with --panel",
            BAD_INPUT,
        )
    outcomes = []
    for panel, one in zip(found, models, strict=True):
        trained = train_panel(warehouse, panel, one, force, source, budget)
        outcomes += served(warehouse, panel, trained)
    return outcomes


def _backtest(
    project: Project,
    panels: Sequence[str],
    models: Sequence[str],
    settings: Mapping[str, Any] | None,
    force: bool,
    tuned: bool = False,
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
    warehouse = work.opened(project)
    outcomes = []
    for panel in panel_settings.panels(warehouse, panels):
        loaded: list[Panel] = []
        for name in names:
            model = _made(warehouse, panel, name, settings, tuned)
            outcomes.append(backtest_panel(warehouse, panel, model, loaded, force))
    return outcomes


def _made(
    warehouse: Warehouse,
    panel: PanelSettings,
    name: str,
    settings: Mapping[str, Any] | None,
    tuned: bool,
) -> Model:
    """A model with the settings given, over those that tuning found best."""
    found = best_settings(warehouse, panel.panel_name, name) if tuned else {}
    return make_model(name, {**found, **(settings or {})})
