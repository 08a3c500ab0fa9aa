"""A tiny demo shop in a warehouse of its own, and dbt on it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import yaml

from forecaster.demo import simulate
from tests.dbt.runner import invoke

ROOT = Path(__file__).parents[2]


def default_vars() -> dict[str, Any]:
    """The vars of the demo's dbt project."""
    text = (ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)["vars"]["warehouse_forecaster"]
    return values | values.pop("demo")


class Shop:
    """A warehouse file with the demo's raw tables."""

    def __init__(self, warehouse: Path) -> None:
        self.warehouse = warehouse

    @classmethod
    def simulated(cls, folder: Path, seed: int = 3) -> Shop:
        folder.mkdir(parents=True, exist_ok=True)
        simulate("tiny", folder / "warehouse.duckdb", seed=seed)
        return cls(folder / "warehouse.duckdb")

    def copy(self, folder: Path) -> Shop:
        folder.mkdir(parents=True, exist_ok=True)
        return Shop(Path(shutil.copy(self.warehouse, folder / "warehouse.duckdb")))

    def change(self, *statements: str) -> None:
        """Change the raw tables."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            for statement in statements:
                connection.execute(statement)

    def run(self, select: list[str], values: dict[str, Any], *options: str) -> None:
        """`dbt run`; fails with dbt's messages."""
        invoke(self.warehouse, "run", "--select", *select, *options, values=values)


class Comparison:
    """Two built warehouses, side by side."""

    def __init__(self, one: Path, other: Path) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(f"attach '{one}' as one (read_only)")
        self.connection.execute(f"attach '{other}' as other (read_only)")

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def columns(self, table: str) -> dict[str, str]:
        rows = self.connection.execute(
            "select column_name, data_type from duckdb_columns() where database_name = 'one' "
            "and schema_name || '.' || table_name = $table order by column_index",
            {"table": table},
        ).fetchall()
        assert rows, f"no table {table}"
        return dict(rows)

    def differences(
        self,
        table: str,
        keys: list[str],
        columns: list[str] | None = None,
        where_one: str = "true",
        where_other: str = "true",
        exact: bool = False,
    ) -> list[str]:
        """What differs, a line for each column, with how often and the first three rows.

        Numbers may differ in their last digits unless `exact`.
        """
        types = self.columns(table)
        compared = [name for name in (columns or types) if name not in keys]
        joined = ", ".join(f'"{key}"' for key in keys)
        self.connection.execute(
            f"create or replace temp table both_sides as "
            f"select * from (select *, true as is_in_one from one.{table} where {where_one}) as a "
            f"full outer join (select *, true as is_in_other from other.{table} "
            f"where {where_other}) as b using ({joined})"
        )
        found = []
        n, in_one, in_other = self.connection.execute(
            "select count(*), count(is_in_one), count(is_in_other) from both_sides"
        ).fetchone()
        if not n == in_one == in_other:
            some = self.connection.execute(
                f"select {joined}, is_in_one from both_sides "
                "where is_in_one is null or is_in_other is null limit 3"
            ).fetchall()
            found.append(f"{table}: {in_one} rows in one, {in_other} in the other, {some}")
        assert n > 0, f"{table}: nothing to compare"
        for name in compared:
            a, b = f'a."{name}"', f'b."{name}"'
            unequal = f"{a} is distinct from {b}"
            if types[name] in {"DOUBLE", "FLOAT"} and not exact:
                unequal += f" and coalesce(abs({a} - {b}) > 1e-9 * greatest(1, abs({a})), true)"
            rows = self.connection.execute(
                f"select {joined}, {a}, {b} from one.{table} as a inner join other.{table} as b "
                f"using ({joined}) inner join both_sides using ({joined}) "
                f"where is_in_one and is_in_other and {unequal} order by all"
            ).fetchall()
            if rows:
                found.append(f"{table}.{name}: {len(rows)} of {n} rows differ: {rows[:3]}")
        return found
