"""Run our own backtests anew and keep what they took of the processor, which no table holds.

    python again.py FORECAST EXAMPLE_FOLDER COSTS.json MODEL [MODEL ...]

FORECAST is the command. One run a model, so that each has its own costs; `ours.py` reads them by
run.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path


def seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(forecast: list[str], example: Path, costs: Path, models: list[str]) -> None:
    found = json.loads(costs.read_text()) if costs.exists() else {}
    for model in models:
        before = seconds_of_children()
        command = [*forecast, "backtest", "--panel", "item_store", "--model", model, "--json"]
        command += ["--force"]
        done = subprocess.run(command, cwd=example, check=True, stdout=subprocess.PIPE, text=True)
        found[json.loads(done.stdout)["runs"][0]["run_id"]] = seconds_of_children() - before
        costs.parent.mkdir(parents=True, exist_ok=True)
        costs.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    command, example, costs, *models = sys.argv[1:]
    main([str(Path(command).absolute())], Path(example), Path(costs), models)
