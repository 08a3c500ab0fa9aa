"""Write our own backtests, as the example's warehouse holds them, beside the peers' forecasts.

    python ours.py WAREHOUSE FORECASTS_FOLDER COSTS.json

The seconds of a run are those of all its cutoffs, from reading the features to the written
forecasts and their scores: each cutoff is given its share. The processor's seconds are those that
`again.py` noted, where it made the run.
"""

import json
import sys
from pathlib import Path

import duckdb
from task import COLUMNS, QUANTILES

PREFIX = "ours_"


def main(warehouse: Path, forecasts: Path, noted: Path) -> None:
    processor = json.loads(noted.read_text()) if noted.exists() else {}
    wide = ", ".join(
        f"max(value) filter (where round(quantile, 3) = {level}) as {column}"
        for level, column in zip(QUANTILES, COLUMNS, strict=True)
    )
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for statement in (Path(__file__).parent / "ours.sql").read_text().split(";\n"):
            if statement.strip():
                connection.execute(statement.replace("{columns}", wide))
        runs = connection.sql(
            """select any_value(columns(newest.*)), list(distinct cutoff::varchar) as cutoffs
            from newest inner join m5_forecasts.predictions using (run_id) group by run_id"""
        ).fetchall()
        for run_id, model, seconds, peak, cutoffs in runs:
            folder = forecasts / f"{PREFIX}{model}"
            folder.mkdir(parents=True, exist_ok=True)
            of_run = processor.get(run_id, float("nan"))
            costs = {"seconds": seconds / len(cutoffs), "peak_memory_mb": peak, "run_id": run_id}
            costs["processor_seconds"] = of_run / len(cutoffs)
            for cutoff in cutoffs:
                beside = folder / f"{cutoff}.json"
                if beside.exists() and json.loads(beside.read_text())["run_id"] == run_id:
                    continue
                connection.execute(f"set variable run_id = '{run_id}'")
                connection.execute(f"set variable cutoff = '{cutoff}'::date")
                connection.execute(f"copy ours to '{folder / cutoff}.parquet' (format parquet)")
                beside.write_text(json.dumps(costs))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
