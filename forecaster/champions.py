"""Which trained run forecasts a panel: a stack that promotions push and roll-backs pop."""

from __future__ import annotations

import dataclasses
from typing import Any

from forecaster import artifacts, forecast_tables
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.models.base import Model
from forecaster.warehouse import Warehouse

ROLL_BACK = "roll-back from "


def stack(warehouse: Warehouse, panel: str) -> list[dict[str, Any]]:
    """A panel's champions, the present one last."""
    rows = warehouse.rows(
        "select p.run_id, p.reason, r.model_name, r.settings_fingerprint, r.artifact_path, "
        "r.artifact_sha256 "
        "from {model_promotions} as p left join {runs} as r using (run_id) "
        "where p.panel_name = $panel and p.segment = 'all' order by p.promoted_at",
        panel=panel,
    )
    found: list[dict[str, Any]] = []
    for row in rows:
        if _is_roll_back(row, found):
            found.pop()
        elif not found or found[-1]["run_id"] != row["run_id"]:
            found.append(row)
    return found


def champion(warehouse: Warehouse, panel: str) -> dict[str, Any]:
    """A panel's champion, or an error that says how to get one."""
    found = stack(warehouse, panel)
    if not found:
        raise ForecastError(
            f"panel '{panel}' has no trained model",
            f"run `forecast train --panel {panel}`",
            BAD_INPUT,
        )
    return found[-1]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether a newly trained model becomes champion, and why or why not."""

    is_champion: bool
    reason: str


def judge(warehouse: Warehouse, panel: str, model: Model, settings_fingerprint: str) -> Verdict:
    """A newly trained model against the present champion.

    The same model with the same settings follows itself. Any other has to be better where both were
    backtested: other settings make another model.
    """
    found = stack(warehouse, panel)
    if not found:
        return Verdict(True, "the panel's first model")
    present = found[-1]
    name, settings = present["model_name"], present["settings_fingerprint"]
    if (name, settings) == (model.name, settings_fingerprint):
        return Verdict(True, f"{model.name} again, on the newest features")
    root, path, digest = (
        warehouse.path.parent,
        present["artifact_path"],
        present["artifact_sha256"],
    )
    if not artifacts.is_whole(root, path, digest):
        return Verdict(True, "the champion's model is missing or damaged")
    old = backtest_rmsse(warehouse, panel, name, settings)
    new = backtest_rmsse(warehouse, panel, model.name, settings_fingerprint)
    common = sorted(set(old) & set(new))
    if not common:
        missing = model.name if old else f"the champion, {name}"
        return Verdict(False, f"{missing} has no backtest with these settings to compare")
    before, after = (sum(scores[c] for c in common) / len(common) for scores in (old, new))
    return Verdict(
        after < before,
        f"mean RMSSE {after:.4f} against {before:.4f} of {name} at {len(common)} backtest cutoffs",
    )


def backtest_rmsse(
    warehouse: Warehouse, panel: str, model: str, settings_fingerprint: str
) -> dict[Any, float]:
    """cutoff -> mean RMSSE of the series, in the newest backtest with these settings."""
    rows = warehouse.rows(
        "select m.cutoff, m.metric_value from {metrics} as m join {runs} as r using (run_id) "
        "where r.kind = 'backtest' and r.status = 'complete' and m.panel_name = $panel "
        "and r.model_name = $model and r.settings_fingerprint = $settings "
        "and m.metric_name = 'rmsse' and m.level = 'bottom' and m.unique_id is null "
        "and m.segment_type is null and m.horizon_step is null and m.quantile is null "
        "and m.stockouts = 'left out' and m.actuals = 'first known' and m.metric_value is not null "
        "order by r.started_at, m.cutoff",
        panel=panel,
        model=model,
        settings=settings_fingerprint,
    )
    return {row["cutoff"]: row["metric_value"] for row in rows}


def promote(warehouse: Warehouse, run: dict[str, Any], reason: str = "by hand") -> None:
    """Make a trained run, a row of `runs`, its panel's champion."""
    if run["kind"] != "train" or run["status"] != "complete":
        raise ForecastError(
            f"run {run['run_id']} is a {run['kind']} run, {run['status']}; only a complete train "
            "run can be champion",
            "see `forecast runs list`",
            BAD_INPUT,
        )
    forecast_tables.promote(warehouse, run["run_id"], reason)


def roll_back(warehouse: Warehouse, panel: str) -> dict[str, Any]:
    """Make the champion before the present one champion again; returns it."""
    found = stack(warehouse, panel)
    if len(found) < 2:
        raise ForecastError(
            f"panel '{panel}' has no earlier champion to roll back to",
            "see `forecast runs list`, or promote a run with `forecast runs promote RUN_ID`",
            BAD_INPUT,
        )
    present, before = found[-1], found[-2]
    forecast_tables.promote(warehouse, before["run_id"], ROLL_BACK + present["run_id"])
    return before


def _is_roll_back(row: dict[str, Any], found: list[dict[str, Any]]) -> bool:
    """The reason alone does not tell: people write reasons too."""
    return (
        len(found) > 1
        and row["run_id"] == found[-2]["run_id"]
        and row["reason"] == ROLL_BACK + found[-1]["run_id"]
    )
