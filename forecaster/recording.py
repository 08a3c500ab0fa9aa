"""One run: from `running` to its results in one transaction, or to `failed` with the reason."""

from __future__ import annotations

import dataclasses
import datetime as dt
import resource
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from forecaster import artifacts, forecast_tables, registry
from forecaster.champions import Verdict
from forecaster.fingerprints import Fingerprints, settings_json
from forecaster.forecast_tables import RunResults
from forecaster.models.base import Model
from forecaster.warehouse import Warehouse

SHOWN_METRICS = ("rmsse", "rmse", "mae", "relative_bias", "wape", "mse_standardised")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one run. `status` is complete, unchanged where an earlier run is the same, or
    skipped where the panel cannot be worked on; the notes say why."""

    kind: str
    panel_name: str
    model_name: str
    run_id: str
    status: str
    n_rows: int = 0
    seconds: float = 0.0
    verdict: Verdict | None = None
    scores: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def describe(self) -> str:
        """A line or two for people."""
        title = f"{self.kind} {self.model_name} on {self.panel_name}"
        if self.status == "unchanged":
            return f"{title}: nothing to do, run {self.run_id} has the same features and settings"
        if self.status == "skipped":
            return f"{title}: skipped, {'; '.join(self.notes)}"
        lines = [f"{title}: run {self.run_id}, {self.n_rows:,} rows in {self.seconds:.1f} s"]
        # the periods that early stopping looked at are no test of the model
        place = "validation from" if self.kind == "train" else "from"
        for cutoff, scores in self.scores.items():
            shown = [f"{name} {scores[name]:.4g}" for name in SHOWN_METRICS if name in scores]
            lines.append(f"  {place} {cutoff}: {', '.join(shown)}")
        if self.verdict:
            word = "champion" if self.verdict.is_champion else "not the champion"
            lines.append(f"  {word}: {self.verdict.reason}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


class Recorded:
    """A run under way; `complete` writes its results and closes it."""

    def __init__(self, warehouse: Warehouse, outcome: Outcome) -> None:
        self.warehouse, self.outcome, self.begun = warehouse, outcome, time.monotonic()

    @property
    def run_id(self) -> str:
        return self.outcome.run_id

    def complete(self, results: RunResults, values: dict[str, Any]) -> None:
        """Write everything in one transaction."""
        values = {**values, "peak_memory_mb": peak_memory_mb()}
        self.warehouse.project.marts_due.set()
        n_rows = forecast_tables.complete_run(self.warehouse, self.run_id, results, values)
        scores: dict[str, dict[str, float]] = {}
        for row in registry.scores(self.warehouse, self.run_id):
            if row["level"] == "bottom" and row["metric_value"] is not None:
                scores.setdefault(str(row["cutoff"]), {})[row["metric_name"]] = row["metric_value"]
        self.outcome = dataclasses.replace(
            self.outcome,
            status="complete",
            n_rows=n_rows,
            seconds=round(time.monotonic() - self.begun, 2),
            scores=scores,
        )


@contextmanager
def recorded(
    warehouse: Warehouse,
    kind: str,
    panel_name: str,
    model: Model,
    prints: Fingerprints,
    model_run_id: str | None = None,
) -> Iterator[Recorded]:
    """Write `running`, and `failed` with the reason if the work inside does not complete."""
    started = dt.datetime.now(dt.UTC)
    run_id = f"{started:%Y%m%dT%H%M%S}-{kind}-{secrets.token_hex(3)}"
    forecast_tables.start_run(
        warehouse,
        {
            "run_id": run_id,
            "kind": kind,
            "panel_name": panel_name,
            "model_name": model.name,
            "model_run_id": model_run_id or run_id,
            "settings": settings_json(model, with_source=True),
            "features_fingerprint": prints.features,
            "settings_fingerprint": prints.settings,
            "code_fingerprint": prints.code,
        },
    )
    run = Recorded(warehouse, Outcome(kind, panel_name, model.name, run_id, "running"))
    try:
        yield run
    except BaseException as error:
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
        # a run that is complete keeps its model, wherever the error came from
        if forecast_tables.fail_run(warehouse, run_id, f"{type(error).__name__}: {reason}"):
            artifacts.remove(warehouse.project.artifacts_folder, run_id)
        raise


def peak_memory_mb() -> float:
    """The most memory this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
