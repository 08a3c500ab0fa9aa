"""Writes the raw tables, all or none, and the truth beside them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecaster import warehouse_file
from forecaster.errors import BAD_INPUT, ForecastError

SCHEMA = "raw"
MARK = "simulated by forecast demo"

# The types of a shop's export. Quantities and the times of orders are text: some do not parse.
TABLES: dict[str, dict[str, str]] = {
    "orders": {
        "order_id": "varchar", "line_number": "integer", "ordered_at": "varchar",
        "item_id": "varchar", "location_id": "varchar", "customer_id": "varchar",
        "quantity": "varchar", "unit_price": "double", "discount": "double",
        "currency": "varchar", "is_cancelled": "boolean", "cancelled_at": "varchar",
        "returned_order_id": "varchar", "loaded_at": "varchar",
    },
    "events": {
        "event_id": "varchar", "occurred_at": "varchar", "event_type": "varchar",
        "item_id": "varchar", "customer_id": "varchar", "session_id": "varchar",
        "location_id": "varchar", "quantity": "double", "loaded_at": "varchar",
    },
    "demand": {
        "item_id": "varchar", "location_id": "varchar", "ds": "date", "quantity": "integer",
        "revenue": "double",
    },
    "items": {
        "item_id": "varchar", "description": "varchar", "category": "varchar",
        "subcategory": "varchar", "brand": "varchar", "supplier_id": "varchar",
        "list_price": "double", "unit_cost": "double", "volume": "double", "weight": "double",
        "pack_size": "integer", "launched_on": "date", "discontinued_on": "date",
    },
    "customers": {
        "customer_id": "varchar", "birth_year": "integer", "gender": "varchar",
        "region": "varchar", "joined_on": "date",
    },
    "locations": {
        "location_id": "varchar", "warehouse_id": "varchar", "region": "varchar",
        "time_zone": "varchar", "capacity_units": "double", "capacity_volume": "double",
    },
    "inventory": {
        "item_id": "varchar", "location_id": "varchar", "snapshot_on": "date",
        "on_hand": "integer", "on_order": "integer",
    },
    "prices": {
        "item_id": "varchar", "location_id": "varchar", "valid_from": "date", "valid_to": "date",
        "price": "double", "known_at": "timestamp",
    },
    "promotions": {
        "promotion_id": "varchar", "starts_on": "date", "ends_on": "date", "item_id": "varchar",
        "category": "varchar", "location_id": "varchar", "discount": "double", "kind": "varchar",
        "known_at": "timestamp",
    },
    "holidays": {"ds": "date", "name": "varchar", "region": "varchar", "kind": "varchar"},
    "closures": {"ds": "date", "name": "varchar", "location_id": "varchar", "kind": "varchar"},
    "market": {
        "ds": "date", "item_id": "varchar", "category": "varchar", "competitor_id": "varchar",
        "competitor_price": "double", "competitor_sales": "double", "trend_index": "double",
        "known_at": "timestamp",
    },
    "suppliers": {
        "supplier_id": "varchar", "lead_time_mean": "double", "lead_time_sd": "double",
        "minimum_order": "integer", "order_cost": "double",
    },
}  # fmt: skip

_ARROW = {
    "varchar": pa.string(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}

ARROW_SCHEMAS = {
    name: pa.schema([(column, _ARROW[kind]) for column, kind in columns.items()])
    for name, columns in TABLES.items()
}
"""The raw tables' types in Arrow."""

Report = Callable[[str], None]


class Staging:
    """A folder where tables gather as Parquet, in pieces if need be, before they are published.

    Nothing is written into the warehouse while the shop is simulated, so that the transaction
    is short and the warehouse is not held.
    """

    def __init__(self, folder: Path, schemas: Mapping[str, pa.Schema] | None = None) -> None:
        self.folder = folder
        self.schemas = schemas or {}
        self.rows: dict[str, int] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        folder.mkdir(parents=True)

    def append(self, name: str, table: pa.Table | pd.DataFrame) -> None:
        """Adds rows to the table called `name`."""
        if isinstance(table, pd.DataFrame):
            table = pa.Table.from_pandas(table, preserve_index=False)
        # Fixed types: a piece in which a column is all null must not decide the file's type.
        if name in self.schemas:
            table = table.select(self.schemas[name].names).cast(self.schemas[name])
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(
                self.path(name), table.schema, compression="zstd", compression_level=1
            )
        self._writers[name].write_table(table)
        self.rows[name] = self.rows.get(name, 0) + table.num_rows

    def path(self, name: str) -> Path:
        """Where the table called `name` gathers."""
        return self.folder / f"{name}.parquet"

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


def probe(warehouse: Path) -> None:
    """Fails early, before the work.

    Raises what DuckDB raises if another process holds the warehouse, and ForecastError where the
    file is called as the schema, or a table of the demo's names is not the demo's: somebody's
    orders are not to be replaced.
    """
    warehouse_file.refuse_name_of_schema(warehouse, SCHEMA)
    if not warehouse.exists():
        return
    with duckdb.connect(str(warehouse)) as connection:
        found = connection.execute(
            """
            select table_name, comment from duckdb_tables()
            where schema_name = $schema and database_name = current_database()
            union all
            select view_name, comment from duckdb_views()
            where schema_name = $schema and database_name = current_database()
            order by all
            """,
            {"schema": SCHEMA},
        ).fetchall()
    foreign = [name for name, comment in found if name in TABLES and comment != MARK]
    if foreign:
        raise ForecastError(
            f"the warehouse {warehouse} has tables that the demo shop would replace: "
            + ", ".join(f"{SCHEMA}.{name}" for name in foreign),
            "simulate the shop into a file of its own: set FORECAST_WAREHOUSE, or `path` in "
            "profiles.yml",
            BAD_INPUT,
        )


def write_raw(warehouse: Path, staging: Staging, report: Report) -> dict[str, int]:
    """Replaces the demo's tables in one transaction; returns rows by qualified name.

    Raises what DuckDB raises; the warehouse is then as it was.
    """
    is_new = not warehouse.exists()
    try:
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("begin")
            try:
                rows = _replace_tables(connection, staging, report)
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")
    except BaseException:
        if is_new:
            warehouse.unlink(missing_ok=True)
        raise
    return rows


def _replace_tables(
    connection: duckdb.DuckDBPyConnection, staging: Staging, report: Report
) -> dict[str, int]:
    connection.execute(f"create schema if not exists {SCHEMA}")
    rows = {}
    for name, columns in TABLES.items():
        if name not in staging.rows:
            # Of another size's shop: left there it would mix with this one.
            connection.execute(f"drop table if exists {SCHEMA}.{name}")
            continue
        names = ", ".join(columns)
        connection.execute(
            f"create or replace table {SCHEMA}.{name} as select {names} from read_parquet(?)",
            [str(staging.path(name))],
        )
        connection.execute(f"comment on table {SCHEMA}.{name} is '{MARK}'")
        rows[f"{SCHEMA}.{name}"] = staging.rows[name]
        report(f"wrote {SCHEMA}.{name}: {staging.rows[name]:,} rows")
    return rows


def publish_truth(staging: Staging, truth_dir: Path) -> None:
    """Puts the staged truth in its place, file by file; other files there stay."""
    truth_dir.mkdir(parents=True, exist_ok=True)
    for name in staging.rows:
        shutil.move(staging.path(name), truth_dir / f"{name}.parquet")
