"""What runs of every kind begin and end with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from forecaster import artifacts, features, forecast_tables
from forecaster.config import model_settings, run_settings, split_settings
from forecaster.models import model_class
from forecaster.models.base import EpochRecord, Model
from forecaster.node_panel import read_nodes
from forecaster.panel import Nodes, Panel
from forecaster.panel_settings import PanelSettings
from forecaster.progress import Task
from forecaster.project import ANALYSES, Project
from forecaster.recording import Outcome
from forecaster.warehouse import Warehouse


def make_model(name: str, values: Mapping[str, Any]) -> Model:
    """A model with checked settings."""
    of_run, own = split_settings(values)
    kind, run = model_class(name), run_settings(of_run)
    if run.nodes_model != "none":
        model_class(run.nodes_model)  # an unknown one is refused before the series are fitted
    return kind(model_settings(kind.Settings, own, name), run)


def opened(project: Project) -> Warehouse:
    """The warehouse, ready to be written to and cleared of runs whose process died."""
    warehouse = Warehouse(project)
    for analysis in ANALYSES:
        project.compiled(analysis)  # before hours of training, not after
    for run_id in forecast_tables.abandon_dead_runs(warehouse):
        artifacts.remove(project.artifacts_folder, run_id)
        project.progress.note(f"run {run_id} was abandoned: its process died")
    return warehouse


def refreshed(project: Project, outcomes: list[Outcome]) -> list[Outcome]:
    """The marts follow whatever was written, now or by a command that was stopped before this."""
    if project.marts_due.is_set:
        project.refresh_marts()
    return outcomes


def read(
    warehouse: Warehouse, settings: PanelSettings, model: Model, nodes: Nodes | None = None
) -> Panel:
    """What the model needs of a panel, with its scales where it is trained; `nodes`, if they were
    read before."""
    # the connection is for nothing but to be open: every query inside opens the file without cost
    task = warehouse.project.progress.task(f"Reading {settings.panel_name}")
    with task, warehouse.connect():
        panel = features.read_panel(
            warehouse, settings, model.encoding, with_derived=model.reads_derived
        )
        return with_nodes(warehouse, dataclasses.replace(panel, nodes=nodes), model)


def read_again(
    warehouse: Warehouse, settings: PanelSettings, model: Model, loaded: list[Panel]
) -> Panel:
    """The panel that was read for the model before, in `loaded`, where it has what this one needs;
    nodes, and what was fitted to them, stay in any case. It replaces what was loaded."""
    if loaded and (loaded[0].with_derived or not model.reads_derived):
        panel = with_nodes(warehouse, loaded[0], model)
    else:
        nodes = loaded[0].nodes if loaded else None
        loaded.clear()  # first: there is memory for one
        panel = read(warehouse, settings, model, nodes)
    loaded[:] = [panel]
    return panel


def with_nodes(warehouse: Warehouse, panel: Panel, model: Model) -> Panel:
    """The panel with the nodes above it, where the model heeds them and they are not there yet."""
    if not model.is_reconciled or panel.nodes is not None:
        return panel
    nodes_model = model.run.nodes_model
    asks = nodes_model != "none" and model_class(nodes_model).reads_derived
    return dataclasses.replace(panel, nodes=read_nodes(warehouse, panel, asks))


def epoch_reporter(task: Task, model: Model | None, prefix: str = "") -> Any:
    """What tells a task of each epoch; with a model it moves the bar too."""
    total = getattr(model.settings, "epochs", None) if model else None

    def report(record: EpochRecord) -> None:
        number = f"{record.split} {record.metric_name} {record.metric_value:.4f}"
        detail = f"{prefix}epoch {record.epoch}, {number}"
        if model:
            task.update(record.epoch, total, detail)
        else:
            task.detail(detail)

    return report
