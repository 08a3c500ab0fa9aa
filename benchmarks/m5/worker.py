"""One peer's forecast at one cutoff, in a process of its own, and what it took.

    python worker.py PEER CUTOFF INPUT_FOLDER OUT_FILE SETTINGS

Writes the forecasts as parquet (level, node_id, ds, yhat and the quantiles' columns: every series,
and the nodes for which the peer has quantiles), and beside it a JSON with the seconds from the
start of the process to the written forecasts, imports included, the processor's seconds, and the
peak of resident memory.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path

STARTED = time.perf_counter()
import pandas as pd  # noqa: E402
from task import Task  # noqa: E402


def processor_seconds() -> float:
    """Of this process and of those it started and awaited."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def main(peer: str, cutoff: str, folder: Path, out: Path, settings: dict) -> None:
    module = importlib.import_module(f"peers.{peer}")
    task = Task(folder, pd.Timestamp(cutoff), settings=settings)
    rows = module.forecast(task)
    out.parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(out.with_suffix(".tmp"), index=False)
    costs = {
        "seconds": time.perf_counter() - STARTED,
        "processor_seconds": processor_seconds(),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    out.with_suffix(".json").write_text(json.dumps(costs))
    out.with_suffix(".tmp").rename(out)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), json.loads(sys.argv[5]))
