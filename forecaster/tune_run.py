"""A run that tries settings of a model on one panel, before anything that is reported."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster import features, panel_settings, registry, work
from forecaster.config import ModelSettings
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.fingerprints import Fingerprints, fingerprints
from forecaster.forecast_tables import RunResults
from forecaster.models.base import EpochRecord, Model
from forecaster.panel import Panel
from forecaster.panel_settings import PanelSettings
from forecaster.recording import Outcome, recorded
from forecaster.tuning import COMPLETE, ReportLoss, Search, Trial
from forecaster.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa


def tune_panel(
    warehouse: Warehouse,
    settings: PanelSettings,
    model_name: str,
    values: Mapping[str, Any],
    trials: int,
    timeout: float | None = None,
) -> Outcome:
    """Try `trials` settings of a model: those with `values` fixed, the others of its search space.

    Each is fitted up to a horizon before the first cutoff that is reported and judged on that
    horizon, by the mean RMSSE of the series. What an earlier command tried on the same features,
    settings and code counts.
    """
    name, base = settings.panel_name, work.make_model(model_name, values)
    space = {key: part for key, part in base.settings.search.items() if key not in values}
    if not space:
        raise ForecastError(
            f"the model {model_name} has nothing to search for"
            + (" besides what --set gives" if base.settings.search else ""),
            "leave one of its settings free, or train it as it is",
            BAD_INPUT,
        )
    _check_alone(warehouse, name, model_name)
    prints = fingerprints(base, features.fingerprint(warehouse, name))
    journal = warehouse.project.artifacts_folder / "tune" / f"{_key(name, base, prints)}.log"
    search = Search(journal, space, base.run.seed)
    earlier = registry.find_complete(warehouse, "tune", name, model_name, prints)
    if search.n_done >= trials and earlier:
        return Outcome("tune", name, model_name, earlier, "unchanged", notes=_notes(search))
    panel = work.read(warehouse, settings, base)
    end, origin = _judged_horizon(warehouse, panel)
    known, early = panel.at(end), panel.at(origin)
    judge = Judge(warehouse, known, early)

    def evaluate(tried: dict[str, Any], report_loss: ReportLoss) -> float:
        model = work.make_model(model_name, {**values, **tried})
        model.encoding = early.encoding

        def report(record: EpochRecord) -> None:
            if (record.split, record.metric_name) == ("validation", "loss"):
                report_loss(record.epoch, record.metric_value)

        model.learn(early, known, None, report)
        return judge.rmsse(model.predict(early).mean)

    with recorded(warehouse, "tune", name, base, prints) as run:
        title = f"Tuning {model_name} on {name}"
        with warehouse.project.progress.task(title, trials) as task:
            defaults = base.settings.model_dump()
            search.run(
                evaluate,
                {key: defaults[key] for key in space},
                trials,
                timeout,
                lambda done, detail: task.update(done, trials, detail),
            )
        if search.best is None:
            raise ForecastError(
                f"none of {search.n_done} trials of {model_name} on {name} came to an end",
                "give more time with --timeout, or see with `forecast train` what is wrong",
            )
        table = _trials_table(name, model_name, early.cutoff, search.trials)
        run.complete(RunResults(trials=table), {})
    return dataclasses.replace(run.outcome, notes=_notes(search))


def best_settings(warehouse: Warehouse, panel: str, model_name: str) -> dict[str, Any]:
    """The settings of the best trial of the newest tune run of a model on a panel."""
    rows = warehouse.rows(
        "select parameter_name, parameter_value from {trials} where run_id = ("
        "select run_id from {runs} where kind = 'tune' and status = 'complete' "
        "and panel_name = $panel and model_name = $model order by started_at desc limit 1) "
        "and status = 'complete' qualify rank() over (order by value, trial) = 1",
        panel=panel,
        model=model_name,
    )
    if not rows:
        raise ForecastError(
            f"the model {model_name} has not been tuned on panel '{panel}'",
            f"run `forecast tune --panel {panel} --model {model_name}`",
            BAD_INPUT,
        )
    return {row["parameter_name"]: json.loads(row["parameter_value"]) for row in rows}


class Judge:
    """The mean RMSSE of the series over the horizon after `early`, as the table `metrics` has it.

    The scales are those of dbt; series whose history never moved have none and do not count.
    """

    def __init__(self, warehouse: Warehouse, known: Panel, early: Panel) -> None:
        rows = warehouse.rows(
            "select unique_id, squared_step from {int_metric_scales} where panel_name = $panel "
            "and cutoff = $cutoff and level = 'bottom' and squared_step > 0",
            panel=known.name,
            cutoff=early.cutoff.astype(object),
        )
        scale = {row["unique_id"]: row["squared_step"] for row in rows}
        squared = np.array([scale.get(unique_id, np.nan) for unique_id in known.unique_ids])
        ahead = slice(early.n_periods, early.n_periods + early.horizon)
        self.actual = np.where(known.stocked_out[:, ahead] > 0, np.nan, known.y[:, ahead])
        self.actual[known.start >= early.n_periods] = np.nan
        self.scale = squared

    def rmsse(self, mean: np.ndarray) -> float:
        """Of forecast means (series, horizon)."""
        errors = (self.actual - mean) ** 2
        known = np.isfinite(errors)
        count = known.sum(1)
        per_series = np.where(known, errors, 0).sum(1) / np.maximum(count, 1) / self.scale
        scored = np.sqrt(per_series[(count > 0) & np.isfinite(self.scale)])
        if not len(scored):
            raise ForecastError(
                "no series can be judged: none moved before and is known in the horizon",
                "tune on a panel with a longer history",
                BAD_INPUT,
            )
        return float(scored.mean())


def _judged_horizon(warehouse: Warehouse, panel: Panel) -> tuple[np.datetime64, np.datetime64]:
    """(its end, the origin before it): up to the first cutoff of a backtest, which is reported."""
    reported = [c.cutoff for c in panel_settings.cutoffs(warehouse, panel.name) if c.is_backtest]
    end = np.datetime64(min(reported), "D") if reported else panel.cutoff
    origin = panel.validation_cutoff(end)
    if origin is None:
        raise ForecastError(
            f"panel '{panel.name}' has no horizon before its first backtest cutoff {end} to tune "
            "on",
            "give the panel fewer or later `cutoffs`, or a shorter `horizon`, in the var `panels`",
            BAD_INPUT,
        )
    return end, origin


def _trials_table(
    panel_name: str, model_name: str, cutoff: np.datetime64, trials: Sequence[Trial]
) -> pa.Table:
    """One row a trial and parameter."""
    import pyarrow as pa

    rows = [(trial, name, trial.parameters[name]) for trial in trials for name in trial.parameters]
    n = len(rows)
    return pa.table(
        {
            "panel_name": pa.array([panel_name] * n, pa.string()),
            "model_name": pa.array([model_name] * n, pa.string()),
            "trial": pa.array([trial.number for trial, _, _ in rows], pa.int32()),
            "parameter_name": pa.array([name for _, name, _ in rows], pa.string()),
            "parameter_value": pa.array([json.dumps(value) for _, _, value in rows], pa.string()),
            "cutoff": pa.array([cutoff.astype(object)] * n, pa.date32()),
            "value": pa.array([trial.value for trial, _, _ in rows], pa.float64()),
            "status": pa.array([trial.status for trial, _, _ in rows], pa.string()),
            "seconds": pa.array([trial.seconds for trial, _, _ in rows], pa.float64()),
        }
    )


def _notes(search: Search) -> tuple[str, ...]:
    best, first = search.best, search.trials[0]
    if best is None:
        return ()
    statuses = [trial.status for trial in search.trials]
    counts = ", ".join(f"{statuses.count(s)} {s}" for s in dict.fromkeys(statuses))
    default = f"{first.value:.4f}" if first.status == COMPLETE else first.status
    chosen = " ".join(
        f"--set {name}={json.dumps(value)}" for name, value in best.parameters.items()
    )
    return (
        f"{counts}; mean RMSSE {best.value:.4f} by trial {best.number}, {default} by the defaults",
        f"use --tuned, or {chosen}",
    )


def _key(panel_name: str, base: Model, prints: Fingerprints) -> str:
    space: ModelSettings = base.settings
    parts = (panel_name, base.name, repr(sorted(space.search.items())), repr(prints))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _check_alone(warehouse: Warehouse, panel: str, model_name: str) -> None:
    """Two at once would take each other's trials for those of a dead process."""
    rows = warehouse.rows(
        "select run_id, host from {runs} where kind = 'tune' and status = 'running' "
        "and panel_name = $panel and model_name = $model",
        panel=panel,
        model=model_name,
    )
    if rows:
        raise ForecastError(
            f"run {rows[0]['run_id']} on {rows[0]['host']} is tuning {model_name} on '{panel}'",
            "wait until it has ended",
            BAD_INPUT,
        )
