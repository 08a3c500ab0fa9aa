"""A project's warehouse file: connections, queries, transactions."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from forecaster.errors import BAD_INPUT, LOCKED, ForecastError
from forecaster.project import Project

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CONNECT_ATTEMPTS = 6
FIRST_WAIT = 0.2  # seconds; doubles


class Warehouse:
    """A project's warehouse file. Every method opens it for as long as it works, no longer."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.path = project.warehouse_path

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
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that writes all or nothing."""
        with self.connect(write=True) as connection:
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
