"""The only module that reads features and appends runs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.errors import BAD_INPUT, LOCKED, ForecastError
from forecaster.panel import Encoding, Panel, Scale, allocate
from forecaster.project import Project, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CONNECT_ATTEMPTS = 6
FIRST_WAIT = 0.2  # seconds; doubles
BATCH_ROWS = 122_880

# Boundary 2 as this module writes it: column -> DuckDB type.
RUN_TABLES: dict[str, dict[str, str]] = {
    "runs": {
        "run_id": "VARCHAR",
        "kind": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "model_run_id": "VARCHAR",
        "settings": "VARCHAR",
        "features_fingerprint": "VARCHAR",
        "settings_fingerprint": "VARCHAR",
        "code_fingerprint": "VARCHAR",
        "artifact_path": "VARCHAR",
        "artifact_sha256": "VARCHAR",
        "n_rows": "BIGINT",
        "seconds": "DOUBLE",
        "peak_memory_mb": "DOUBLE",
        "host": "VARCHAR",
        "pid": "BIGINT",
        "process_started_at": "TIMESTAMP",
        "status": "VARCHAR",
        "error": "VARCHAR",
        "started_at": "TIMESTAMP",
        "finished_at": "TIMESTAMP",
    },
    "predictions": {
        "run_id": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "level": "VARCHAR",
        "unique_id": "VARCHAR",
        "cutoff": "DATE",
        "ds": "DATE",
        "horizon_step": "INTEGER",
        "yhat": "DOUBLE",
        "yhat_lower": "DOUBLE",
        "yhat_upper": "DOUBLE",
        "confidence_level": "DOUBLE",
        "forecast_status": "VARCHAR",
    },
    "quantiles": {
        "run_id": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "level": "VARCHAR",
        "unique_id": "VARCHAR",
        "cutoff": "DATE",
        "ds": "DATE",
        "horizon_step": "INTEGER",
        "quantile": "DOUBLE",
        "value": "DOUBLE",
    },
    "training_history": {
        "run_id": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "cutoff": "DATE",
        "epoch": "INTEGER",
        "split": "VARCHAR",
        "metric_name": "VARCHAR",
        "metric_value": "DOUBLE",
        "seconds": "DOUBLE",
    },
    "metrics": {
        "run_id": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "level": "VARCHAR",
        "unique_id": "VARCHAR",
        "segment_type": "VARCHAR",
        "segment": "VARCHAR",
        "cutoff": "DATE",
        "horizon_step": "INTEGER",
        "quantile": "DOUBLE",
        "stockouts": "VARCHAR",
        "actuals": "VARCHAR",
        "metric_name": "VARCHAR",
        "metric_value": "DOUBLE",
        "n_obs": "BIGINT",
    },
    "model_promotions": {
        "promoted_at": "TIMESTAMP",
        "panel_name": "VARCHAR",
        "segment": "VARCHAR",
        "run_id": "VARCHAR",
        "reason": "VARCHAR",
    },
}


@dataclasses.dataclass(frozen=True)
class PanelSettings:
    """One row of `settings`."""

    panel_name: str
    frequency: str
    horizon: int
    season_length: int
    is_signed: bool
    last_period: dt.date | None
    excluded_period: dt.date | None
    excluded_reason: str | None


@dataclasses.dataclass(frozen=True)
class Cutoff:
    """One row of `cutoffs`."""

    cutoff: dt.date
    is_live: bool
    is_backtest: bool
    is_validation: bool


@dataclasses.dataclass(frozen=True)
class RunResults:
    """What a run appends: Arrow tables with the columns of boundary 2, without `run_id`."""

    predictions: pa.Table
    quantiles: pa.Table
    training_history: pa.Table
    promotion_reason: str | None = None


class Warehouse:
    """A project's warehouse file. Every method opens it for as long as it works, no longer."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.path = project.warehouse_path

    # -- connections

    @contextmanager
    def connect(self, write: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the file; a short lock of another process is waited for."""
        connection = self._open(write)
        try:
            connection.execute("set timezone = 'UTC'")
            yield connection
        finally:
            connection.close()

    def _open(self, write: bool) -> duckdb.DuckDBPyConnection:
        import duckdb

        if not self.path.exists():
            raise ForecastError(
                f"there is no warehouse at {self.path}",
                "run `forecast demo` for the demo shop, or `forecast build` on your own tables",
                BAD_INPUT,
            )
        wait = FIRST_WAIT
        for attempt in range(CONNECT_ATTEMPTS):
            try:
                return duckdb.connect(str(self.path), read_only=not write)
            except duckdb.Error as error:
                is_locked = "lock" in str(error).lower() and "permission" not in str(error).lower()
                if not is_locked or attempt == CONNECT_ATTEMPTS - 1:
                    raise self._cannot_open(error, write) from error
            time.sleep(wait)
            wait *= 2
        raise AssertionError("unreachable")

    def _cannot_open(self, error: Exception, write: bool) -> ForecastError:
        text = str(error)
        holder = re.search(r"held in (.+?) \(PID (\d+)\)", text)
        if holder:
            return ForecastError(
                f"the warehouse {self.path} is in use by {holder[1]} (process {holder[2]})",
                "close that program, or let it finish, then run this command again",
                LOCKED,
            )
        if write and ("Permission denied" in text or "read-only" in text.lower() or "lock" in text):
            return ForecastError(
                f"the warehouse {self.path} cannot be written: {text}",
                "make the file and its folder writable for this user",
                LOCKED,
            )
        return ForecastError(
            f"the warehouse {self.path} cannot be opened: {text}",
            "restore the file from a backup, or delete it and run `forecast build`",
            BAD_INPUT,
        )

    def _query(
        self, connection: duckdb.DuckDBPyConnection, sql: str, **parameters: Any
    ) -> pa.Table:
        import duckdb

        try:
            return connection.sql(sql, params=parameters or None).to_arrow_table()
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise ForecastError(
                f"a feature or forecast table of target '{self.project.target}' in {self.path} is "
                f"missing or was altered: {_first_line(error)}",
                "run `forecast build`",
                BAD_INPUT,
            ) from error

    def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of one query; `{name}` in it is replaced by the relation of that name."""
        names = set(re.findall(r"{(\w+)}", sql))
        relations = {name: self.project.relation(name) for name in names}
        with self.connect() as connection:
            return self._query(connection, sql.format(**relations), **parameters).to_pylist()

    # -- boundary 1

    def panels(self, wanted: Sequence[str] = ()) -> list[PanelSettings]:
        """The settings of all panels, or of the wanted ones, in that order."""
        columns = ", ".join(field.name for field in dataclasses.fields(PanelSettings))
        found = {
            row["panel_name"]: PanelSettings(**row)
            for row in self.rows(f"select {columns} from {{settings}} order by panel_name")
        }
        if not found:
            raise ForecastError(
                "table settings has no panel",
                "declare one in the var `panels`, then run `forecast build`",
                BAD_INPUT,
            )
        for name in wanted:
            if name not in found:
                raise ForecastError(
                    f"there is no panel '{name}'", f"use one of {', '.join(found)}", BAD_INPUT
                )
        return [found[name] for name in (wanted or found)]

    def cutoffs(self, panel_name: str) -> list[Cutoff]:
        """The cutoffs of a panel, oldest first."""
        rows = self.rows(
            "select cutoff, is_live, is_backtest, is_validation from {cutoffs} "
            "where panel_name = $panel order by cutoff",
            panel=panel_name,
        )
        return [Cutoff(**row) for row in rows]

    def fingerprint(self, panel_name: str) -> str:
        """Hash of all the features of a panel, whatever the order of the rows."""
        digest = hashlib.sha256()
        with self.connect() as connection:
            for name in (
                "settings",
                "panel_extended",
                "series",
                "cutoffs",
                "scaling",
                "feature_catalog",
            ):
                relation = self.project.relation(name)
                table = self._query(
                    connection,
                    f"select count(*) as n, cast(sum(hash(t)) as varchar) as h from {relation}"
                    " as t "
                    "where panel_name = $panel",
                    panel=panel_name,
                )
                columns = self._query(connection, f"select * from {relation} limit 0").schema
                digest.update(f"{name} {columns} {table.to_pylist()}\n".encode())
        return digest.hexdigest()

    def read_panel(self, settings: PanelSettings, encoding: Encoding | None = None) -> Panel:
        """A panel's arrays. Features are the catalogue's active ones, or those of a model's
        encoding."""
        panel_name = settings.panel_name
        roles = self._roles(panel_name)
        past = tuple(encoding.past) if encoding else roles.get("past", ())
        future = tuple(encoding.future) if encoding else roles.get("known_future", ())
        if settings.last_period is None:
            raise _no_history(panel_name)
        with self.connect() as connection:
            periods = self._query(
                connection,
                f"select distinct period_index, ds from {self.project.relation('panel_extended')} "
                "where panel_name = $panel order by period_index",
                panel=panel_name,
            )
            index = periods["period_index"].to_numpy()
            ds = periods["ds"].to_numpy().astype("datetime64[D]")
            if not len(ds):
                raise _no_history(panel_name)
            _check_periods(panel_name, index, ds)
            last = np.flatnonzero(ds == np.datetime64(settings.last_period))
            known = int(last[0]) + 1 if len(last) else 0
            if not known:
                raise _no_history(panel_name)
            series = self._query(connection, self._series_sql(), panel=panel_name)
            arrays = self._read_arrays(
                connection, settings, roles, past, future, len(series), index, known
            )
            statics = self._query(
                connection,
                f"select s.* from {self.project.relation('series')} as s where panel_name = $panel "
                "order by unique_id",
                panel=panel_name,
            )
        scaling = self._scaling(panel_name)
        ids = np.array(series["unique_id"].to_pylist(), object)
        return Panel(
            name=panel_name,
            frequency=settings.frequency,
            horizon=settings.horizon,
            season_length=max(settings.season_length or 1, 1),
            is_signed=bool(settings.is_signed),
            unique_ids=ids,
            ds=_extended(
                ds[: known + settings.horizon], known + settings.horizon, settings.frequency
            ),
            start=series["first_index"].to_numpy() - index[0],
            past_names=past,
            future_names=future,
            scaling=scaling,
            derived=self._derived(panel_name),
            **arrays,
            **_statics(statics, ids, roles, encoding),
        )

    def _roles(self, panel_name: str) -> dict[str, tuple[str, ...]]:
        rows = self.rows(
            "select role, feature_name from {feature_catalog} where panel_name = $panel and "
            "is_active "
            "order by role, feature_name",
            panel=panel_name,
        )
        roles: dict[str, tuple[str, ...]] = {}
        for row in rows:
            roles[row["role"]] = (*roles.get(row["role"], ()), row["feature_name"])
        return roles

    def _derived(self, panel_name: str) -> frozenset[str]:
        rows = self.rows(
            "select feature_name from {feature_catalog} where panel_name = $panel "
            "and input_name = 'target' and role = 'past'",
            panel=panel_name,
        )
        return frozenset(row["feature_name"] for row in rows)

    def _series_sql(self) -> str:
        return (
            "select unique_id, min(period_index) as first_index "
            f"from {self.project.relation('panel_extended')} where panel_name = $panel "
            "group by unique_id order by unique_id"
        )

    def _read_arrays(
        self,
        connection: duckdb.DuckDBPyConnection,
        settings: PanelSettings,
        roles: dict[str, tuple[str, ...]],
        past: tuple[str, ...],
        future: tuple[str, ...],
        n_series: int,
        index: np.ndarray,
        known: int,
    ) -> dict[str, Any]:
        """Scatter the panel's rows into (series, periods, features)."""
        mask = next(iter(roles.get("mask", ())), None)
        weight = next(iter(roles.get("weight", ())), None)
        names = ["y", "y_train", *past, *future, *filter(None, (mask, weight))]
        columns = ", ".join(
            f"cast(p.{quoted(name)} as float) as c{i}" for i, name in enumerate(names)
        )
        relation = self.project.relation("panel_extended")
        sql = (
            "with ids as (select unique_id, row_number() over (order by unique_id) - 1 as "
            "series_index "
            f"from ({self._series_sql()})) "
            f"select ids.series_index, p.period_index - {int(index[0])} as period, {columns} "
            f"from {relation} as p join ids using (unique_id) where p.panel_name = $panel"
        )
        total = max(len(index), known + settings.horizon)
        folder = self.path.parent
        y = allocate((n_series, total, 2), folder)
        past_values = allocate((n_series, total, len(past)), folder)
        future_values = allocate((n_series, total, len(future)), folder)
        extra = allocate((n_series, total, 2), folder)
        parts = (
            (y, 0, 2),
            (past_values, 2, len(past)),
            (future_values, 2 + len(past), len(future)),
        )
        first_extra = 2 + len(past) + len(future)
        try:
            reader = connection.sql(sql, params={"panel": settings.panel_name}).to_arrow_reader(
                BATCH_ROWS
            )
        except Exception as error:
            raise ForecastError(
                f"panel_extended cannot be read: {_first_line(error)}",
                "run `forecast build`; the catalogue names a column that the table does not have",
                BAD_INPUT,
            ) from error
        for batch in reader:
            rows = batch["series_index"].to_numpy()
            places = batch["period"].to_numpy()
            values = np.empty((len(rows), len(names)), np.float32)
            for i in range(len(names)):
                values[:, i] = batch[f"c{i}"].to_numpy(zero_copy_only=False)
            for array, begin, width in parts:
                if width:
                    array[rows, places] = values[:, begin : begin + width]
            if mask:
                extra[rows, places, 0] = values[:, first_extra]
            if weight:
                extra[rows, places, 1] = values[:, first_extra + (1 if mask else 0)]
        return {
            "y": y[:, :known, 0],
            "y_train": y[:, :known, 1],
            "past_values": past_values[:, :known],
            "future_values": future_values[:, : known + settings.horizon],
            "stocked_out": np.nan_to_num(extra[:, :known, 0]),
            "weight": np.nan_to_num(extra[:, :known, 1]),
        }

    def _scaling(self, panel_name: str) -> dict[np.datetime64, dict[str, Scale]]:
        result: dict[np.datetime64, dict[str, Scale]] = {}
        for row in self.rows(
            "select cutoff, feature_name, method, centre, scale from {scaling} "
            "where panel_name = $panel",
            panel=panel_name,
        ):
            scale = Scale(
                row["method"] or "none",
                0.0 if row["centre"] is None else float(row["centre"]),
                1.0 if row["scale"] is None else float(row["scale"]),
            )
            result.setdefault(np.datetime64(row["cutoff"], "D"), {})[row["feature_name"]] = scale
        return result

    # -- boundary 2

    def check_tables(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The tables of boundary 2 are as this module writes them, or nothing is written."""
        for name, contract in RUN_TABLES.items():
            relation = self.project.relation(name)
            schema, table = (part.strip('"') for part in relation.split('"."'))
            found = dict(
                connection.execute(
                    "select column_name, data_type from information_schema.columns "
                    "where table_schema = $schema and table_name = $table",
                    {"schema": schema, "table": table},
                ).fetchall()
            )
            remedy = "restore the table, or move it away and run `dbt build` to make it anew"
            if not found:
                raise ForecastError(
                    f"table {relation} is missing", "run `forecast build`", BAD_INPUT
                )
            for column, kind in contract.items():
                if column not in found:
                    raise ForecastError(
                        f"table {relation} was altered: column {column} is missing",
                        remedy,
                        BAD_INPUT,
                    )
                if found[column] != kind:
                    raise ForecastError(
                        f"table {relation} was altered: column {column} is {found[column]}, "
                        f"not {kind}",
                        remedy,
                        BAD_INPUT,
                    )
            extra = sorted(set(found) - set(contract))
            if extra:
                raise ForecastError(
                    f"table {relation} was altered: column {extra[0]} is not in its contract",
                    remedy,
                    BAD_INPUT,
                )

    def start_run(self, values: dict[str, Any]) -> None:
        """Append a run as `running`; `values` are columns of `runs`."""
        with self._transaction() as connection:
            self.check_tables(connection)
            row = {**values, **_process(), "status": "running", "started_at": _now()}
            self._insert_row(connection, "runs", row)

    def complete_run(self, run_id: str, results: RunResults, values: dict[str, Any]) -> int:
        """Write all that a run found, its parents and metrics, and `complete`: all or nothing.

        Returns the number of rows in `predictions`, parents included.
        """
        parents, scores = self.project.compiled("write_parents"), self.project.compiled("score_run")
        with self._transaction() as connection:
            self.check_tables(connection)
            for name in ("predictions", "quantiles", "training_history"):
                self._insert(connection, name, getattr(results, name), run_id)
            connection.execute(parents, {"run_id": run_id})
            connection.execute(scores, {"run_id": run_id})
            count = connection.execute(
                f"select count(*) from {self.project.relation('predictions')} where run_id = "
                "$run_id",
                {"run_id": run_id},
            ).fetchone()
            n_rows = int(count[0]) if count else 0
            if results.promotion_reason is not None:
                self._promote(connection, run_id, results.promotion_reason)
            self._finish(connection, run_id, {**values, "status": "complete", "n_rows": n_rows})
        return n_rows

    def fail_run(self, run_id: str, error: str) -> None:
        """Close a run that found nothing."""
        with self._transaction() as connection:
            self._finish(connection, run_id, {"status": "failed", "error": error[:2000]})

    def abandon_dead_runs(self) -> list[str]:
        """Mark `running` runs of this host whose process is gone; returns their ids."""
        running = self.rows(
            "select run_id, pid, process_started_at from {runs} "
            "where status = 'running' and host = $host",
            host=socket.gethostname(),
        )
        dead = [row["run_id"] for row in running if not _is_alive(row)]
        if dead:
            with self._transaction() as connection:
                for run_id in dead:
                    self._finish(
                        connection, run_id, {"status": "abandoned", "error": "the process died"}
                    )
        return dead

    def promote(self, run_id: str, reason: str) -> None:
        """Make a run its panel's champion, by a row."""
        with self._transaction() as connection:
            self.check_tables(connection)
            self._promote(connection, run_id, reason)

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.connect(write=True) as connection:
            connection.execute("begin transaction")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def _promote(self, connection: duckdb.DuckDBPyConnection, run_id: str, reason: str) -> None:
        connection.execute(
            f"insert into {self.project.relation('model_promotions')} by name "
            "select cast($at as timestamp) as promoted_at, panel_name, 'all' as segment, run_id, "
            f"$reason as reason from {self.project.relation('runs')} where run_id = $run_id",
            {"at": _now(), "reason": reason, "run_id": run_id},
        )

    def _finish(
        self, connection: duckdb.DuckDBPyConnection, run_id: str, values: dict[str, Any]
    ) -> None:
        values = {**values, "finished_at": _now()}
        assignments = ", ".join(f"{quoted(name)} = ${name}" for name in values)
        connection.execute(
            f"update {self.project.relation('runs')} set {assignments}, "
            "seconds = date_diff('millisecond', started_at, cast($finished_at as timestamp)) "
            "/ 1000.0 "
            "where run_id = $run_id and status = 'running'",
            {**values, "run_id": run_id},
        )

    def _insert_row(
        self, connection: duckdb.DuckDBPyConnection, name: str, row: dict[str, Any]
    ) -> None:
        columns = ", ".join(quoted(column) for column in row)
        marks = ", ".join(f"${column}" for column in row)
        connection.execute(
            f"insert into {self.project.relation(name)} ({columns}) values ({marks})", row
        )

    def _insert(
        self, connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table, run_id: str
    ) -> None:
        columns = [column for column in RUN_TABLES[name] if column != "run_id"]
        connection.register("incoming_rows", table.select(columns))
        names = ", ".join(quoted(column) for column in columns)
        connection.execute(
            f"insert into {self.project.relation(name)} (run_id, {names}) "
            f"select $run_id, {names} from incoming_rows",
            {"run_id": run_id},
        )
        connection.unregister("incoming_rows")


def _check_periods(panel_name: str, index: np.ndarray, ds: np.ndarray) -> None:
    if len(np.unique(ds)) != len(ds) or not np.array_equal(
        index, np.arange(index[0], index[0] + len(index))
    ):
        raise ForecastError(
            f"panel_extended of panel '{panel_name}' is not one row per period: period_index "
            "and ds differ",
            "run `forecast build`; its tests name the rows",
            BAD_INPUT,
        )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].removeprefix("Catalog Error: ")


def _no_history(panel_name: str) -> ForecastError:
    return ForecastError(
        f"panel '{panel_name}' has no complete period to learn from",
        "see tables int_rejections and settings for what became of its rows; then run "
        "`forecast build`",
        BAD_INPUT,
    )


def _extended(ds: np.ndarray, length: int, frequency: str) -> np.ndarray:
    """Periods, continued to `length` where the table ends early."""
    days = {"day": 1, "week": 7}
    while len(ds) < length:
        if frequency in days:
            following = ds[-1] + np.timedelta64(days[frequency], "D")
        else:
            following = (ds[-1].astype("datetime64[M]") + 1).astype("datetime64[D]")
        ds = np.append(ds, following)
    return ds


def _statics(
    table: pa.Table,
    ids: np.ndarray,
    roles: dict[str, tuple[str, ...]],
    encoding: Encoding | None,
) -> dict[str, Any]:
    """What `series` says of each series, in the order of `ids`."""
    place = {unique_id: i for i, unique_id in enumerate(table["unique_id"].to_pylist())}
    rows = [place.get(unique_id) for unique_id in ids]

    def column(name: str) -> list[Any]:
        if name not in table.column_names:
            raise ForecastError(
                f"table series has no column '{name}'",
                "restore it and run `forecast build`, or run `forecast train` to learn without it",
                BAD_INPUT,
            )
        values = table[name].to_pylist()
        return [None if row is None else values[row] for row in rows]

    def number(value: Any) -> float:
        if isinstance(value, dt.date):
            return float((value - dt.date(1970, 1, 1)).days)
        return np.nan if value is None else float(value)

    categorical = tuple(encoding.vocabularies) if encoding else roles.get("static_categorical", ())
    numeric = tuple(encoding.numeric) if encoding else roles.get("static_numeric", ())
    return {
        "categories": {name: np.array(column(name), object) for name in categorical},
        "numbers": {
            name: np.array([number(v) for v in column(name)], np.float32) for name in numeric
        },
        "texts": {
            name: np.array(column(name), object)
            for name in roles.get("static_text", ())
            if name in table.column_names
        },
    }


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def _process() -> dict[str, Any]:
    import psutil

    process = psutil.Process()
    started = dt.datetime.fromtimestamp(process.create_time(), dt.UTC).replace(tzinfo=None)
    return {"host": socket.gethostname(), "pid": os.getpid(), "process_started_at": started}


def _is_alive(row: dict[str, Any]) -> bool:
    import psutil

    try:
        created = psutil.Process(row["pid"]).create_time()
    except psutil.Error:
        return False
    started = dt.datetime.fromtimestamp(created, dt.UTC).replace(tzinfo=None)
    return abs((started - row["process_started_at"]).total_seconds()) < 2
