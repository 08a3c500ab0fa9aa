"""One tiny shop for all tests of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from forecaster.demo import DemoSummary, simulate


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return simulate("tiny", tmp_path_factory.mktemp("shop") / "warehouse.duckdb")


@pytest.fixture
def con(shop: DemoSummary) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the tiny shop, its truth as views `truth_<file>`."""
    with duckdb.connect(str(shop.warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        view_truth(connection, shop.truth_dir)
        yield connection


def view_truth(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Temporary views, so that the warehouse itself never holds the truth."""
    for file in folder.glob("*.parquet"):
        connection.execute(
            f"create temp view truth_{file.stem} as select * from read_parquet('{file}')"
        )
