"""Runs: what was trained on what, which model is a panel's champion, promotion and roll-back."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forecaster import forecast_tables
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.models.base import Model
from forecaster.warehouse import Warehouse

ROLL_BACK = "roll-back from "
SHARED_CODE = (
    "features",
    "panel",
    "seasonal",
    "signals",
    "training",
    "losses",
    "networks",
    "models.base",
)
LIBRARIES = ("numpy", "tensorflow", "keras")


@dataclasses.dataclass(frozen=True)
class Fingerprints:
    """Two runs with the same fingerprints give the same forecasts."""

    features: str
    settings: str
    code: str


def settings_json(model: Model) -> str:
    """The settings of a run, as stored."""
    return json.dumps(
        {"run": model.run.model_dump(mode="json"), "model": model.settings.model_dump(mode="json")},
        sort_keys=True,
    )


def fingerprints(model: Model, features: str) -> Fingerprints:
    """Of a model about to be fitted on features of that fingerprint."""
    return Fingerprints(
        features,
        hashlib.sha256(settings_json(model).encode()).hexdigest(),
        code_fingerprint(type(model)),
    )


def code_fingerprint(kind: type[Model]) -> str:
    """Hash of the sources a model's forecasts depend on: its own, its parents', the shared."""
    files = {
        Path(inspect.getfile(c)) for c in kind.__mro__ if c.__module__ not in {"builtins", "abc"}
    }
    root = Path(__file__).parent
    files |= {root / (name.replace(".", "/") + ".py") for name in SHARED_CODE}
    module = sys.modules[kind.__module__]
    for value in vars(module).values():
        source = getattr(value, "__module__", None) or getattr(value, "__name__", "")
        if str(source).startswith("forecaster.") and source in sys.modules:
            files.add(Path(str(sys.modules[source].__file__)))
    digest = hashlib.sha256("".join(version(name) for name in LIBRARIES).encode())
    for file in sorted(files):
        if file.is_file() and file.suffix == ".py":
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


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


def champions(warehouse: Warehouse, panel: str) -> list[dict[str, Any]]:
    """The stack of a panel's champions, the present one last: promotions push, a roll-back pops."""
    rows = warehouse.rows(
        "select p.run_id, p.reason, r.model_name, r.artifact_path, r.artifact_sha256 "
        "from {model_promotions} as p left join {runs} as r using (run_id) "
        "where p.panel_name = $panel and p.segment = 'all' order by p.promoted_at",
        panel=panel,
    )
    stack: list[dict[str, Any]] = []
    for row in rows:
        if row["reason"].startswith(ROLL_BACK) and len(stack) > 1:
            stack.pop()
        elif not stack or stack[-1]["run_id"] != row["run_id"]:
            stack.append(row)
    return stack


def champion(warehouse: Warehouse, panel: str) -> dict[str, Any]:
    """A panel's champion, or an error that says how to get one."""
    stack = champions(warehouse, panel)
    if not stack:
        raise ForecastError(
            f"panel '{panel}' has no trained model",
            f"run `forecast train --panel {panel}`",
            BAD_INPUT,
        )
    return stack[-1]


def promotion_reason(warehouse: Warehouse, panel: str, model: str) -> str | None:
    """Why a newly trained model becomes champion, or None."""
    stack = champions(warehouse, panel)
    if not stack:
        return "the panel's first model"
    present = stack[-1]["model_name"]
    if present == model:
        return f"{model} again, on the newest features"
    scores = backtest_rmsse(warehouse, panel)
    common = sorted(set(scores.get(present, {})) & set(scores.get(model, {})))
    if not common:
        return None
    old, new = (sum(scores[name][c] for c in common) / len(common) for name in (present, model))
    if new < old:
        return (
            f"mean RMSSE {new:.4f} against {old:.4f} of {present} at {len(common)} backtest cutoffs"
        )
    return None


def backtest_rmsse(warehouse: Warehouse, panel: str) -> dict[str, dict[Any, float]]:
    """model -> cutoff -> RMSSE of the series, of each model's newest backtest of a cutoff."""
    rows = warehouse.rows(
        "select m.model_name, m.cutoff, m.metric_value from {metrics} as m join {runs} as r "
        "using (run_id) "
        "where r.kind = 'backtest' and r.status = 'complete' and m.panel_name = $panel "
        "and m.metric_name = 'rmsse' and m.level = 'bottom' and m.unique_id is null "
        "and m.segment_type is null and m.horizon_step is null and m.quantile is null "
        "and m.stockouts = 'left out' and m.actuals = 'first known' and m.metric_value is not null "
        "order by r.started_at",
        panel=panel,
    )
    scores: dict[str, dict[Any, float]] = {}
    for row in rows:
        scores.setdefault(row["model_name"], {})[row["cutoff"]] = row["metric_value"]
    return scores


def promote(warehouse: Warehouse, run_id: str, reason: str = "by hand") -> dict[str, Any]:
    """Make a trained run its panel's champion."""
    row = show(warehouse, run_id)
    if row["kind"] != "train" or row["status"] != "complete":
        raise ForecastError(
            f"run {run_id} is a {row['kind']} run, {row['status']}; only a complete train run "
            "can be champion",
            "see `forecast runs list`",
            BAD_INPUT,
        )
    forecast_tables.promote(warehouse, run_id, reason)
    return row


def roll_back(warehouse: Warehouse, panel: str) -> dict[str, Any]:
    """Make the champion before the present one champion again."""
    stack = champions(warehouse, panel)
    if len(stack) < 2:
        raise ForecastError(
            f"panel '{panel}' has no earlier champion to roll back to",
            "see `forecast runs list`, or promote a run with `forecast runs promote RUN_ID`",
            BAD_INPUT,
        )
    present, before = stack[-1], stack[-2]
    forecast_tables.promote(warehouse, before["run_id"], ROLL_BACK + present["run_id"])
    return before


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
    present = {stack[-1]["run_id"] for stack in _all_champions(warehouse, rows) if stack}
    return [{**row, "is_champion": row["run_id"] in present} for row in rows]


def _all_champions(warehouse: Warehouse, rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [champions(warehouse, name) for name in {row["panel_name"] for row in rows}]


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
