"""Choose a peer's settings at two origins before all cutoffs of the benchmark.

    python tune.py PEER INPUT_FOLDER OUT_FILE SECONDS [TRIALS]

What is scored here is known at every cutoff: the later origin is one horizon before the first. A
peer names its search in `SEARCH`, a function of an Optuna trial; of its `DEFAULTS` those in `FIRST`
are the first trial, and `validate` says what is lowered, the weighted RMSSE of the benchmark. The
search ends after `SECONDS` of wall time or so many trials; the best settings and what they took are
written as JSON.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import optuna
import pandas as pd
from task import HORIZON, Task
from worker import processor_seconds

ORIGINS = pd.to_datetime(["2016-01-17", "2016-01-31"])
"""d_1815 and d_1829. The series' days begin at d_1762: at d_1801 forty of them are too few."""


def main(peer: str, folder: Path, out: Path, seconds: float, trials: int | None = None) -> None:
    module = importlib.import_module(f"peers.{peer}")
    after = [Task(folder, origin + pd.Timedelta(days=HORIZON)) for origin in ORIGINS]
    started, used = time.perf_counter(), processor_seconds()

    def objective(trial: optuna.Trial) -> float:
        settings = module.SEARCH(trial)
        attempts = [Task(folder, origin, settings=settings) for origin in ORIGINS]
        scores = [module.validate(*pair) for pair in zip(attempts, after, strict=True)]
        print(f"{time.perf_counter() - started:.0f} s {scores} {settings}", flush=True)
        return sum(scores) / len(scores)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1, n_startup_trials=8))
    study.enqueue_trial({name: module.DEFAULTS[name] for name in module.FIRST})
    study.optimize(objective, timeout=seconds, n_trials=trials)
    out.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "settings": {**module.DEFAULTS, **study.best_params},
        "score": study.best_value,
        "seconds": time.perf_counter() - started,
        "processor_seconds": processor_seconds() - used,
        "trials": len(study.trials),
        "origins": [str(origin.date()) for origin in ORIGINS],
        "series": len(after[0].series),
    }
    out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    peer, folder, out, seconds, *trials = sys.argv[1:]
    main(peer, Path(folder), Path(out), float(seconds), int(trials[0]) if trials else None)
