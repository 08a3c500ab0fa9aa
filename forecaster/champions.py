"""Which trained run forecasts a panel: a stack that promotions push and roll-backs pop."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from forecaster import artifacts, promotions
from forecaster.contract import check_tables
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.evidence import baseline_of, read_evidence
from forecaster.models.base import Model
from forecaster.selection import ALL, Candidate, Decision
from forecaster.selection import select as decide_all
from forecaster.warehouse import Warehouse

ROLL_BACK = "roll-back from "
TRAINED_AT_NEED = ("seasonal_naive", "seasonal_mean")  # in no time


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


def present(warehouse: Warehouse, panel: str) -> list[dict[str, Any]]:
    """The runs that are champion now, that of all series first, with the `segments` of each."""
    found = champion(warehouse, panel)
    now = promotions.present(warehouse, panel)
    segments: dict[str, list[str]] = {found["run_id"]: [ALL]}
    for segment, run_id in sorted(now.items()):
        if run_id != found["run_id"]:
            segments.setdefault(run_id, []).append(segment)
    rows = warehouse.rows(
        "select run_id, model_name, settings_fingerprint, artifact_path, artifact_sha256 "
        "from {runs} where list_contains($runs, run_id)",
        runs=list(segments),
    )
    of_run = {row["run_id"]: row for row in rows}
    return [{**of_run[run_id], "segments": names} for run_id, names in segments.items()]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether a newly trained model is champion of all series, and why or why not."""

    is_champion: bool
    reason: str


def succession(
    warehouse: Warehouse, panel: str, model: Model, settings_fingerprint: str
) -> str | None:
    """Why a newly trained model is champion without being compared, or None.

    The same model with the same settings follows itself; other settings make another model.
    """
    found = stack(warehouse, panel)
    if not found:
        return "the panel's first model"
    last = found[-1]
    if (last["model_name"], last["settings_fingerprint"]) == (model.name, settings_fingerprint):
        return f"{model.name} again, on the newest features"
    if not _is_whole(warehouse, last):
        return "the champion's model is missing or damaged"
    return None


@dataclasses.dataclass(frozen=True)
class Selected:
    """What selection left: the decision on each candidate for all series, and the methods that are
    to be published and were not trained: until they are, nothing was written."""

    decisions: dict[Candidate, Decision]
    missing: tuple[Candidate, ...]

    def verdict(self, run_id: str, candidate: Candidate, champion_run: str) -> Verdict:
        """On a run of a candidate."""
        if candidate not in self.decisions:
            why = f"{candidate.model_name} has no backtest with these settings to compare"
            return Verdict(run_id == champion_run, why)
        return Verdict(run_id == champion_run, _told(self.decisions[candidate]))


def select(warehouse: Warehouse, panel: str, live_cutoff: np.datetime64) -> Selected:
    """Decide anew which trained model serves which series, by all backtests there are; write it."""
    evidence, baseline = read_evidence(warehouse, panel), baseline_of(warehouse, panel)
    last = champion(warehouse, panel)
    incumbent = Candidate(last["model_name"], last["settings_fingerprint"])
    trained = _trained(warehouse, panel)
    servable = [
        one for one in evidence.candidates if one in trained or one.model_name in TRAINED_AT_NEED
    ]
    found = decide_all(evidence, baseline, live_cutoff, incumbent, servable)
    live = [d for d in found if d.cutoff == live_cutoff]
    chosen = {d.segment: d for d in live if d.is_published}
    missing = tuple({d.candidate: None for d in chosen.values() if d.candidate not in trained})
    if not missing:
        wanted = _wanted(warehouse, panel, last["run_id"], chosen, trained)
        promotions.record(warehouse, panel, found, wanted, last["run_id"])
    return Selected({d.candidate: d for d in live if d.segment == ALL}, missing)


def _wanted(
    warehouse: Warehouse,
    panel: str,
    champion_run: str,
    chosen: Mapping[str, Decision],
    trained: Mapping[Candidate, str],
) -> dict[str, tuple[str, str]]:
    """segment -> (run, reason), where it is another run than now."""
    now, promoted = promotions.present(warehouse, panel), {}
    if ALL in chosen and not _is_same(warehouse, champion_run, chosen[ALL].candidate):
        champion_run = trained[chosen[ALL].candidate]
        promoted[ALL] = (champion_run, _told(chosen[ALL]))
        now = {}
    of_all = chosen[ALL].candidate if ALL in chosen else None
    for segment, decision in chosen.items():
        same = decision.candidate == of_all
        run_id = champion_run if same else trained[decision.candidate]
        if segment != ALL and now.get(segment, champion_run) != run_id:
            promoted[segment] = (run_id, _told(decision))
    return promoted


def _is_same(warehouse: Warehouse, run_id: str, candidate: Candidate) -> bool:
    row = warehouse.rows(
        "select model_name, settings_fingerprint from {runs} where run_id = $run_id", run_id=run_id
    )[0]
    return Candidate(row["model_name"], row["settings_fingerprint"]) == candidate


def _trained(warehouse: Warehouse, panel: str) -> dict[Candidate, str]:
    """The newest trained run of each model and settings whose files are whole."""
    rows = warehouse.rows(
        "select run_id, model_name, settings_fingerprint, artifact_path, artifact_sha256 "
        "from {runs} where kind = 'train' and status = 'complete' and panel_name = $panel "
        "order by started_at",
        panel=panel,
    )
    newest = {Candidate(r["model_name"], r["settings_fingerprint"]): r for r in rows}
    return {one: row["run_id"] for one, row in newest.items() if _is_whole(warehouse, row)}


def _is_whole(warehouse: Warehouse, row: Mapping[str, Any]) -> bool:
    root = warehouse.path.parent
    return artifacts.is_whole(root, row["artifact_path"], row["artifact_sha256"])


def _told(decision: Decision) -> str:
    """A decision's reason with its figures."""
    found, opponent = decision.interval, decision.opponent
    if found is None or opponent is None:
        return decision.reason
    return (
        f"{decision.reason}: mean RMSSE {found.mean:+.4f} [{found.lower:+.4f}, {found.upper:+.4f}] "
        f"against {opponent.model_name}, {found.n_series} series at {found.n_cutoffs} backtest "
        "cutoffs"
    )


def promote(warehouse: Warehouse, run: dict[str, Any], reason: str = "by hand") -> None:
    """Make a trained run, a row of `runs`, its panel's champion."""
    if run["kind"] != "train" or run["status"] != "complete":
        raise ForecastError(
            f"run {run['run_id']} is a {run['kind']} run, {run['status']}; only a complete train "
            "run can be champion",
            "see `forecast runs list`",
            BAD_INPUT,
        )
    _promote(warehouse, run["run_id"], reason)


def roll_back(warehouse: Warehouse, panel: str) -> dict[str, Any]:
    """Make the champion before the present one champion again; returns it."""
    found = stack(warehouse, panel)
    if len(found) < 2:
        raise ForecastError(
            f"panel '{panel}' has no earlier champion to roll back to",
            "see `forecast runs list`, or promote a run with `forecast runs promote RUN_ID`",
            BAD_INPUT,
        )
    last, before = found[-1], found[-2]
    _promote(warehouse, before["run_id"], ROLL_BACK + last["run_id"])
    return before


def _promote(warehouse: Warehouse, run_id: str, reason: str) -> None:
    with warehouse.transaction() as connection:
        check_tables(warehouse, connection)
        promotions.promote(connection, warehouse, run_id, reason)


def _is_roll_back(row: dict[str, Any], found: list[dict[str, Any]]) -> bool:
    """The reason alone does not tell: people write reasons too."""
    return (
        len(found) > 1
        and row["run_id"] == found[-2]["run_id"]
        and row["reason"] == ROLL_BACK + found[-1]["run_id"]
    )
