"""Boundary 2: the forecast tables, which the forecaster alone writes. Rows are appended by run."""

from __future__ import annotations

import dataclasses
import datetime as dt
import socket
from typing import TYPE_CHECKING, Any

from forecaster import promotions
from forecaster.contract import RUN_TABLES, check_tables
from forecaster.processes import is_alive, this_process
from forecaster.project import quoted
from forecaster.warehouse import PATIENCE_WITH_RESULTS, Warehouse

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

DUCKDB_BYTES = 4 << 30  # beside the model that wrote the results
WRITTEN = (
    *("predictions", "quantiles", "cumulative_quantiles"),
    *("training_history", "calibration", "reconciliation", "trials"),
)


@dataclasses.dataclass(frozen=True)
class RunResults:
    """What a run appends: Arrow tables with the columns of boundary 2, without `run_id`.

    With a reason the run becomes champion, if `replaces` is still the panel's champion then.
    """

    predictions: pa.Table | None = None
    quantiles: pa.Table | None = None
    cumulative_quantiles: pa.Table | None = None
    training_history: pa.Table | None = None
    calibration: pa.Table | None = None
    reconciliation: pa.Table | None = None
    trials: pa.Table | None = None
    promotion_reason: str | None = None
    replaces: str | None = None


def start_run(warehouse: Warehouse, values: dict[str, Any]) -> None:
    """Append a run as `running`; `values` are columns of `runs`."""
    with warehouse.transaction() as connection:
        check_tables(warehouse, connection)
        row = {**values, **this_process(), "status": "running", "started_at": _now()}
        _insert_row(warehouse, connection, "runs", row)


def complete_run(
    warehouse: Warehouse, run_id: str, results: RunResults, values: dict[str, Any]
) -> int:
    """Write all that a run found, its parents and metrics, and `complete`: all or nothing.

    Returns the number of rows in `predictions`, parents included.
    """
    parents, scores = (
        warehouse.project.compiled("write_parents"),
        warehouse.project.compiled("score_run"),
    )
    with warehouse.transaction(PATIENCE_WITH_RESULTS) as connection:
        check_tables(warehouse, connection)
        connection.execute(f"set memory_limit = '{DUCKDB_BYTES} bytes'")  # beyond it, it spills
        connection.execute("set preserve_insertion_order = false")
        for name in WRITTEN:
            table = getattr(results, name)
            if table is not None:
                _insert(warehouse, connection, name, table, run_id)
        connection.execute(parents, {"run_id": run_id})
        if results.predictions is not None:
            for cutoff in results.predictions["cutoff"].unique().to_pylist():
                connection.execute(scores, {"run_id": run_id, "cutoff": cutoff})
        sql = "select count(*) as n from {} where run_id = $run_id"
        counted = sql.format(warehouse.project.relation("predictions"))
        n_rows = int(warehouse.query(connection, counted, run_id=run_id)["n"][0].as_py())
        if results.promotion_reason is not None:
            promotions.succeed(
                connection, warehouse, run_id, results.promotion_reason, results.replaces
            )
        _finish(warehouse, connection, run_id, {**values, "status": "complete", "n_rows": n_rows})
    return n_rows


def fail_run(warehouse: Warehouse, run_id: str, error: str) -> bool:
    """Close a run that found nothing; False where it was closed already."""
    values = {"status": "failed", "error": error[:2000]}
    with warehouse.transaction() as connection:
        return _finish(warehouse, connection, run_id, values) > 0


def abandon_dead_runs(warehouse: Warehouse) -> list[str]:
    """Mark `running` runs of this host whose process is gone; returns their ids."""
    running = warehouse.rows(
        "select run_id, pid, process_started_at from {runs} "
        "where status = 'running' and host = $host",
        host=socket.gethostname(),
    )
    dead = [row["run_id"] for row in running if not is_alive(row)]
    if dead:
        with warehouse.transaction() as connection:
            for run_id in dead:
                _finish(
                    warehouse,
                    connection,
                    run_id,
                    {"status": "abandoned", "error": "the process died"},
                )
    return dead


def _finish(
    warehouse: Warehouse, connection: duckdb.DuckDBPyConnection, run_id: str, values: dict[str, Any]
) -> int:
    """Close a running run; returns how many there were: 0 or 1."""
    values = {**values, "finished_at": _now()}
    assignments = ", ".join(f"{quoted(name)} = ${name}" for name in values)
    (n_closed,) = connection.execute(
        f"update {warehouse.project.relation('runs')} set {assignments}, "
        "seconds = date_diff('millisecond', started_at, cast($finished_at as timestamp)) "
        "/ 1000.0 "
        "where run_id = $run_id and status = 'running'",
        {**values, "run_id": run_id},
    ).fetchone() or (0,)
    return int(n_closed)


def _insert_row(
    warehouse: Warehouse, connection: duckdb.DuckDBPyConnection, name: str, row: dict[str, Any]
) -> None:
    columns = ", ".join(quoted(column) for column in row)
    marks = ", ".join(f"${column}" for column in row)
    connection.execute(
        f"insert into {warehouse.project.relation(name)} ({columns}) values ({marks})", row
    )


def _insert(
    warehouse: Warehouse,
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: pa.Table,
    run_id: str,
) -> None:
    columns = [column for column in RUN_TABLES[name] if column != "run_id"]
    connection.register("incoming_rows", table.select(columns))
    names = ", ".join(quoted(column) for column in columns)
    connection.execute(
        f"insert into {warehouse.project.relation(name)} (run_id, {names}) "
        f"select $run_id, {names} from incoming_rows",
        {"run_id": run_id},
    )
    connection.unregister("incoming_rows")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)
