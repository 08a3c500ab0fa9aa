"""Choose a peer's settings at an origin before all cutoffs of the benchmark.

    python tune.py PEER INPUT_FOLDER OUT_FILE SECONDS

The origin is one horizon before the first cutoff: what is scored here is known at every cutoff.
A peer names its search in `SEARCH`, a function of an Optuna trial; its `DEFAULTS` are the first
trial. `SECONDS` of wall time is the budget; the best settings, the seconds and the number of trials
are written as JSON.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import optuna
import pandas as pd
from task import Task

ORIGIN = pd.Timestamp("2016-01-31")
"""d_1829: 28 days before the first cutoff, d_1857."""


def main(peer: str, folder: Path, out: Path, seconds: float) -> None:
    module = importlib.import_module(f"peers.{peer}")
    task, after = Task(folder, ORIGIN), Task(folder, ORIGIN + pd.Timedelta(days=28))
    started = time.perf_counter()

    def objective(trial: optuna.Trial) -> float:
        settings = module.SEARCH(trial)
        attempt = Task(folder, ORIGIN, settings=settings)
        score = module.validate(attempt, after)
        print(f"{time.perf_counter() - started:.0f} s {score:.4f} {settings}", flush=True)
        return score

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
    study.enqueue_trial(module.DEFAULTS)
    study.optimize(objective, timeout=seconds)
    out.parent.mkdir(parents=True, exist_ok=True)
    best = {**module.DEFAULTS, **study.best_params}
    result = {
        "settings": best,
        "score": study.best_value,
        "seconds": time.perf_counter() - started,
        "trials": len(study.trials),
        "origin": str(ORIGIN.date()),
        "series": len(task.series),
    }
    out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
