"""A project's warehouse file: connections, queries, transactions."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from forecaster import warehouse_file
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.project import Project

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

PATIENCE = 6.0  # seconds that a command waits for a locked file
PATIENCE_WITH_RESULTS = 600.0  # and once it has results to write, which may be hours of work
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0  # seconds; the wait doubles


class Warehouse:
    """A project's warehouse file. Every method opens it for as long as it works, no longer."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.path = project.warehouse_path

    @contextmanager
    def connect(
        self, write: bool = False, patience: float | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the file; a lock of another process is waited for, for `patience`
        seconds."""
        connection = self._open(write, PATIENCE if patience is None else patience)
        try:
            connection.execute("set timezone = 'UTC'")
            with warehouse_file.explained(self.path):
                yield connection
        finally:
            connection.close()

    def _open(self, write: bool, patience: float) -> duckdb.DuckDBPyConnection:
        import duckdb

        if not self.path.is_file():
            warehouse_file.check(self.path)
            raise ForecastError(
                f"there is no warehouse at {self.path}",
                "run `forecast demo` for the demo shop, or `forecast build` on your own tables",
                BAD_INPUT,
            )
        wait, deadline, is_said = FIRST_WAIT, time.monotonic() + patience, False
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=not write)
            except duckdb.Error as error:
                trouble = self._cannot_open(error)
                is_held = "in use by" in trouble.message
                if not is_held or time.monotonic() + wait > deadline:
                    raise trouble from error
            if patience > PATIENCE and not is_said:
                is_said = True
                self.project.progress.note(f"waiting to write: {trouble.message}")
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _cannot_open(self, error: Exception) -> ForecastError:
        return warehouse_file.unusable(self.path, f"{self.path}: {error}") or ForecastError(
            f"the warehouse {self.path} cannot be opened: {error}",
            "restore the file from a backup, or move it away and run `forecast build`",
            BAD_INPUT,
        )

    def query(self, connection: duckdb.DuckDBPyConnection, sql: str, **parameters: Any) -> pa.Table:
        """The rows of one query over an open connection."""
        import duckdb

        try:
            return connection.sql(sql, params=parameters or None).to_arrow_table()
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise ForecastError(
                f"a feature or forecast table of target '{self.project.target}' in {self.path} is "
                f"missing or was altered: {first_line(error)}",
                "run `forecast build`",
                BAD_INPUT,
            ) from error

    def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of one query; `{name}` in it is replaced by the relation of that name."""
        names = set(re.findall(r"{(\w+)}", sql))
        relations = {name: self.project.relation(name) for name in names}
        with self.connect() as connection:
            return self.query(connection, sql.format(**relations), **parameters).to_pylist()

    @contextmanager
    def transaction(self, patience: float | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that writes all or nothing."""
        with self.connect(write=True, patience=patience) as connection:
            connection.execute("begin transaction")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")


def first_line(error: Exception) -> str:
    """What DuckDB says first, without the kind of error."""
    return str(error).splitlines()[0].removeprefix("Catalog Error: ")
