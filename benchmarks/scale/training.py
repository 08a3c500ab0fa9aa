"""What training from the panel takes, and what the default budget of steps costs in accuracy.

Reads the daily panel of a project that `warehouse.py` built, and trains `lstm` one horizon before
the last period: with the default budget (a window of periods, at most 60 steps an epoch, half of
the origins where that is not all series), then with a full pass over all series and origins in
every epoch. Prints time, anonymous memory and accuracy on the horizon; `training.json` keeps them.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from forecaster import estimates, features, panel_settings, work
from forecaster.panel import Panel
from forecaster.project import Project
from forecaster.warehouse import Warehouse

FULL = {"most_steps": 100_000}
SERIES_AT_ONCE = 2048


@dataclass
class Step:
    """Clock and processor seconds; the most anonymous memory while it ran."""

    name: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_gb: float = 0.0
    rmsse: float | None = None
    wape: float | None = None


def _anonymous() -> float:
    """GB of this process that lie in no file."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1e6


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def measured(name: str) -> Iterator[Step]:
    """Fills what is measured in once the block has ended."""
    step, done = Step(name), threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            step.peak_gb = max(step.peak_gb, _anonymous())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    clock, used = time.perf_counter(), _cpu()
    yield step
    step.seconds, step.cpu_seconds = time.perf_counter() - clock, _cpu() - used
    done.set()
    watcher.join()


def judge(step: Step, panel: Panel, known: int, mean: np.ndarray) -> None:
    """RMSSE, the mean over series, and WAPE on the horizon after `known` periods."""
    ratios, absolute, total = [], 0.0, 0.0
    for begin in range(0, panel.n_series, SERIES_AT_ONCE):
        rows = slice(begin, begin + SERIES_AT_ONCE)
        y = np.asarray(panel.y[rows, : known + panel.horizon], np.float64)
        changes = np.diff(y[:, :known], axis=1)
        n_changes = np.isfinite(changes).sum(axis=1)
        scale = np.sqrt(np.nansum(np.square(changes), axis=1) / np.maximum(n_changes, 1))
        error = y[:, known:] - mean[rows]
        fine = np.isfinite(scale) & (scale > 0) & np.isfinite(error).all(axis=1)
        ratios.append(np.sqrt(np.square(error[fine]).mean(axis=1)) / scale[fine])
        absolute += float(np.abs(error[fine]).sum())
        total += float(y[fine, known:].sum())
    step.rmsse, step.wape = float(np.concatenate(ratios).mean()), absolute / total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a project that was built")
    parser.add_argument("--panel", default="item_location_daily")
    parser.add_argument("--no-full", action="store_true", help="leave the full pass out")
    given = parser.parse_args()
    warehouse = Warehouse(Project(given.project))
    settings = panel_settings.panels(warehouse, [given.panel])[0]
    n_series, n_rows = panel_settings.size(warehouse, given.panel)
    model = work.make_model("lstm", {"nodes_model": "none"})
    said = n_rows * estimates.SECONDS_A_ROW + (model.seconds(n_series) or 0)
    print(f"{n_rows:,} rows, {n_series:,} series: estimated {said:.0f} s of one core", flush=True)
    steps = []
    with measured("fingerprint") as step:
        features.fingerprint(warehouse, given.panel)
    steps.append(step)
    with measured("read") as step:
        panel = work.read(warehouse, settings, model)
    steps.append(step)
    origin = panel.validation_cutoff(panel.cutoff)
    cut = panel.at(origin)
    variants = {"default budget": {}} | ({} if given.no_full else {"full pass": FULL})
    for name, values in variants.items():
        model = work.make_model("lstm", {"nodes_model": "none", **values})
        with measured(f"train, {name}") as step:
            model.fit(cut, panel.validation_cutoff(origin))
        steps.append(step)
        with measured(f"forecast, {name}") as predicting:
            forecast = model.predict(cut)
        judge(step, panel, cut.n_periods, forecast.mean)
        steps.append(predicting)
        print(shown(steps[-2:]), flush=True)
    print(shown(steps))
    record = {"rows": n_rows, "series": n_series, "steps": [asdict(one) for one in steps]}
    path = given.project.parent / "training.json"
    path.write_text(json.dumps(record, indent=1), encoding="utf-8")


def shown(steps: list[Step]) -> str:
    """The table that is printed."""
    lines = [f"{'step':<28}{'seconds':>9}{'CPU s':>9}{'anonymous GB':>14}{'RMSSE':>9}{'WAPE':>9}"]
    for one in steps:
        scores = "" if one.rmsse is None else f"{one.rmsse:>9.4f}{one.wape:>9.4f}"
        lines.append(
            f"{one.name:<28}{one.seconds:>9.1f}{one.cpu_seconds:>9.1f}{one.peak_gb:>14.2f}{scores}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
