"""Write what the peers may see and what all are scored by: `inputs.sql` over the M5 data.

    python export.py DATA_FOLDER OUT_FOLDER [ITEMS]

With ITEMS only that many items (spread evenly over the catalogue, in all their stores) are
written, and the nodes are their sums: a small benchmark to develop on.
"""

import sys
from pathlib import Path

import duckdb

FILES = {
    "sales": "sales_d1762_d1913",
    "prices": "sell_prices",
    "calendar": "calendar",
    "series": "series",
    "aggregates": "sales_levels_1_to_9_d1_d1913",
}


def main(data: Path, out: Path, items: int | None = None) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        for view, name in FILES.items():
            connection.sql(f"create view {view} as from '{data / name}.parquet'")
        if items:
            keep_items(connection, items)
        for statement in (Path(__file__).parent / "inputs.sql").read_text().split(";\n"):
            if statement.strip():
                connection.execute(statement.replace("{folder}", str(out)))


def keep_items(connection: duckdb.DuckDBPyConnection, items: int) -> None:
    """Only every n-th item; the aggregates become sums of what is kept, over its days."""
    connection.execute(
        """create table kept as select item_id from (select distinct item_id from series)
        qualify (row_number() over (order by item_id) - 1) % (count(*) over () // ?) = 0""",
        [items],
    )
    for view in ("sales", "series"):
        connection.execute(f"create table all_{view} as from {view}")
        connection.execute(f"drop view {view}")
        connection.execute(f"create view {view} as from all_{view} semi join kept using (item_id)")
    connection.execute("drop view aggregates")
    groups = {
        1: "", 2: "state_id", 3: "store_id", 4: "cat_id", 5: "dept_id", 6: "state_id, cat_id",
        7: "state_id, dept_id", 8: "store_id, cat_id", 9: "store_id, dept_id",
    }  # fmt: skip
    selects = [
        f"""select {level} as level, sum(sales) as sales, date{", " + keys if keys else ""}
        from sales group by date{", " + keys if keys else ""}"""
        for level, keys in groups.items()
    ]
    connection.execute("create view aggregates as " + " union all by name ".join(selects))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0]), Path(arguments[1]), int(arguments[2]) if arguments[2:] else None)
