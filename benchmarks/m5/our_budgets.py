"""Our own network at several budgets, beside the peers' of `bench.py --budgets`.

    python our_budgets.py FORECAST EXAMPLE_FOLDER WORK_FOLDER SETTING [SETTING ...]

FORECAST is the command, a SETTING one of its `--set`, such as most_steps=60. The runs are made in a
copy of the example's warehouse, so that none of them becomes the newest there, and are written as
`ours_lstm@60`. A forecast that is there is not made again.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import again
import ours

MODEL = "lstm"


def main(forecast: Path, example: Path, work: Path, settings: list[str]) -> None:
    named = {f"{ours.PREFIX}{MODEL}@{of.partition('=')[2]}": of for of in settings}
    missing = {name: of for name, of in named.items() if not (work / "forecasts" / name).exists()}
    if not missing:
        return
    with tempfile.TemporaryDirectory(dir=work) as scratch:
        warehouse = Path(scratch).absolute() / "warehouse.duckdb"
        shutil.copy(example / warehouse.name, warehouse)
        given = os.environ | {"FORECAST_WAREHOUSE": str(warehouse)}
        for name, setting in missing.items():
            before = again.seconds_of_children()
            command = [forecast.absolute(), "backtest", "--panel", "item_store", "--model", MODEL]
            command += ["--set", setting, "--force", "--json"]
            out = subprocess.run(
                command, cwd=example, env=given, check=True, stdout=subprocess.PIPE, text=True
            )
            run_id = json.loads(out.stdout)["runs"][0]["run_id"]
            noted = Path(scratch) / "costs.json"
            noted.write_text(json.dumps({run_id: again.seconds_of_children() - before}))
            ours.main(warehouse, Path(scratch), noted)
            shutil.move(Path(scratch) / f"{ours.PREFIX}{MODEL}", work / "forecasts" / name)


if __name__ == "__main__":
    main(*(Path(of) for of in sys.argv[1:4]), sys.argv[4:])
