"""What `simulate` promises: sizes, reproducibility, all or nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import duckdb
import pytest

from forecaster.demo import DemoSummary, simulate
from forecaster.errors import ForecastError


def contents(warehouse: Path) -> dict[str, list[tuple]]:
    """Every row of every raw table, in order."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'raw'"
        ).fetchall()
        return {
            name: connection.execute(f"select * from raw.{name} order by all").fetchall()
            for (name,) in names
        }


def test_same_seed_gives_the_same_tables(shop: DemoSummary, tmp_path: Path) -> None:
    again = simulate("tiny", tmp_path / "again.duckdb")
    other = simulate("tiny", tmp_path / "other.duckdb", seed=8)

    assert contents(again.warehouse) == contents(shop.warehouse)
    assert contents(other.warehouse)["orders"] != contents(shop.warehouse)["orders"]


def test_summary_counts_what_was_written(shop: DemoSummary) -> None:
    written = {f"raw.{name}": len(rows) for name, rows in contents(shop.warehouse).items()}

    assert written == shop.tables
    assert shop.tables["raw.items"] == 8
    assert shop.tables["raw.locations"] == 2
    assert shop.tables["raw.customers"] == 60
    assert (shop.last_complete_day - shop.first_day).astype(int) + 1 == 330


def test_a_shop_of_totals_asks_for_a_project_of_its_own(shop: DemoSummary) -> None:
    large = dataclasses.replace(shop, size="large")
    assert shop.next_step.startswith("forecast run")
    assert large.next_step.startswith(f"forecast init large_shop --warehouse {shop.warehouse}")


def test_unknown_size_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tiny, default, large"):
        simulate("huge", tmp_path / "warehouse.duckdb")


def test_failure_midway_leaves_the_warehouse_as_it_was(tmp_path: Path) -> None:
    simulate("tiny", tmp_path / "warehouse.duckdb")
    before = contents(tmp_path / "warehouse.duckdb")
    truth = (tmp_path / "demo_truth" / "demand.parquet").read_bytes()

    def fail(message: str) -> None:
        if message.startswith("wrote raw.events"):
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        simulate("tiny", tmp_path / "warehouse.duckdb", seed=8, progress=fail)

    assert contents(tmp_path / "warehouse.duckdb") == before
    assert (tmp_path / "demo_truth" / "demand.parquet").read_bytes() == truth
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo_truth", "warehouse.duckdb"]


def test_failure_leaves_no_new_warehouse(tmp_path: Path) -> None:
    def fail(message: str) -> None:
        if message.startswith("wrote raw.orders"):
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        simulate("tiny", tmp_path / "warehouse.duckdb", progress=fail)

    assert list(tmp_path.iterdir()) == []


def test_a_table_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema raw; create table raw.orders as select 'mine' as whose")

    with pytest.raises(ForecastError, match="would replace: raw.orders"):
        simulate("tiny", warehouse)

    assert contents(warehouse) == {"orders": [("mine",)]}


def test_a_file_called_as_the_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForecastError, match="its schema raw have one name"):
        simulate("tiny", tmp_path / "Raw.duckdb")

    assert list(tmp_path.iterdir()) == []


def test_other_schemas_are_left_alone(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema raw; create table raw.notes as select 1 as one")
        connection.execute("create table main.kept as select 2 as two")

    simulate("tiny", warehouse)

    with duckdb.connect(str(warehouse)) as connection:
        assert connection.execute("select one from raw.notes").fetchone() == (1,)
        assert connection.execute("select two from kept").fetchone() == (2,)


def test_awkward_ids_are_there(con: duckdb.DuckDBPyConnection) -> None:
    ids = {row[0] for row in con.execute("select item_id from raw.items").fetchall()}

    assert {"AC/100", 'O\'Neil "Pro"', "blue mug 12", "茶壶-01", "back\\slash-7"} <= ids
