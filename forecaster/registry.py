"""Runs as the tables tell of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from forecaster import promotions
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.fingerprints import Fingerprints
from forecaster.selection import Candidate
from forecaster.warehouse import Warehouse


def find_complete(
    warehouse: Warehouse, kind: str, panel: str, model: str, prints: Fingerprints
) -> str | None:
    """The newest complete run of the same kind on the same features, settings and code."""
    rows = warehouse.rows(
        "select run_id from {runs} where kind = $kind and panel_name = $panel and model_name "
        "= $model "
        "and status = 'complete' and features_fingerprint = $features "
        "and settings_fingerprint = $settings and code_fingerprint = $code "
        "order by started_at desc limit 1",
        kind=kind,
        panel=panel,
        model=model,
        **dataclasses.asdict(prints),
    )
    return rows[0]["run_id"] if rows else None


def has_forecast(warehouse: Warehouse, run_id: str, features_fingerprint: str) -> bool:
    """Whether the model that a run fitted has forecast from these features."""
    rows = warehouse.rows(
        "select 1 as found from {runs} where coalesce(model_run_id, run_id) = $run_id "
        "and kind in ('train', 'predict') and status = 'complete' "
        "and features_fingerprint = $features limit 1",
        run_id=run_id,
        features=features_fingerprint,
    )
    return bool(rows)


def settings_of(warehouse: Warehouse, panel: str, candidate: Candidate) -> dict[str, Any]:
    """The settings of a candidate for selection, as --set would give them."""
    rows = warehouse.rows(
        "select settings from {runs} where panel_name = $panel and model_name = $model "
        "and settings_fingerprint = $settings and kind in ('train', 'backtest') limit 1",
        panel=panel,
        model=candidate.model_name,
        settings=candidate.settings_fingerprint,
    )
    stored = json.loads(rows[0]["settings"])
    return {**stored["run"], **stored["model"]}


def list_runs(
    warehouse: Warehouse, panel: str | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    """The newest runs; the champions are marked."""
    rows = warehouse.rows(
        "select run_id, kind, panel_name, model_name, status, n_rows, seconds, started_at, error "
        "from {runs} where $panel is null or panel_name = $panel order by started_at desc "
        "limit $limit",
        panel=panel,
        limit=limit,
    )
    names = {row["panel_name"] for row in rows}
    present = {run for name in names for run in promotions.present(warehouse, name).values()}
    return [{**row, "is_champion": row["run_id"] in present} for row in rows]


def describe_list(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows of `list_runs` as lines under a title; a star marks a champion."""
    if not rows:
        return "There are no runs."
    title = f"  {'run':33} {'panel':20} {'model':14} {'status':9} {'rows':>14} {'seconds':>9}"
    lines = [
        f"{'*' if r['is_champion'] else ' '} {r['run_id']:33} {r['panel_name']:20} "
        f"{r['model_name']:14} {r['status']:9} {r['n_rows'] or 0:>9} rows "
        f"{r['seconds'] or 0:>7.1f} s  {r['error'] or ''}".rstrip()
        for r in rows
    ]
    return "\n".join([title, *lines])


def show(warehouse: Warehouse, run_id: str) -> dict[str, Any]:
    """All that `runs` says of a run."""
    rows = warehouse.rows("select * from {runs} where run_id = $run_id", run_id=run_id)
    if not rows:
        raise ForecastError(f"there is no run '{run_id}'", "see `forecast runs list`", BAD_INPUT)
    return rows[0]


def scores(warehouse: Warehouse, run_id: str) -> list[dict[str, Any]]:
    """A run's metrics over all of each level and cutoff."""
    return warehouse.rows(
        "select cutoff, level, metric_name, metric_value, n_obs from {metrics} where run_id ="
        " $run_id "
        "and unique_id is null and segment_type is null and horizon_step is null and quantile"
        " is null "
        "and stockouts = 'left out' and actuals = 'first known' order by cutoff, level, "
        "metric_name",
        run_id=run_id,
    )


def describe(row: Mapping[str, Any], scores: Sequence[Mapping[str, Any]]) -> str:
    """What `show` and `scores` found of a run, one line each."""
    lines = [f"{name:22} {value}" for name, value in row.items() if value is not None]
    lines += [
        f"{s['cutoff']}  {s['level']:20} {s['metric_name']:26} {s['metric_value']:.5g}"
        for s in scores
        if s["metric_value"] is not None
    ]
    return "\n".join(lines)
