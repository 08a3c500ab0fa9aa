"""What a team's tables are, by their names and those of their columns; no row is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from forecaster import warehouse_file
from forecaster.errors import BAD_INPUT, LOCKED, ForecastError

KNOWN_NAMES = Path(__file__).parent / "templates" / "known_names.yml"
# What an order says of all its lines. No amounts: an order's discount or price is its sum.
OF_THE_ORDER = (
    "ordered_at",
    "location_id",
    "customer_id",
    "currency",
    "is_cancelled",
    "cancelled_at",
    "loaded_at",
)
OURS = re.compile(r".*_(staging|intermediate|features|forecasts|marts)$")


@dataclass(frozen=True)
class Table:
    """A table of the team's warehouse."""

    schema: str
    name: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Header:
    """The table of the orders whose lines are in another: both keys, and what it alone says."""

    table: Table
    key: str
    key_in_lines: str
    columns: dict[str, str]


@dataclass(frozen=True)
class InputMapping:
    """An input and the table it is taken from; `missing`: required columns that were not found."""

    input_name: str
    table: Table
    columns: dict[str, str]
    missing: tuple[str, ...]
    header: Header | None = None


def words(text: str) -> list[str]:
    """`orderItem-ID` as order, item, id."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return [word for word in re.split(r"[\W_]+", text.lower()) if word]


def normal(text: str) -> str:
    """A name as it is compared."""
    return "_".join(words(text))


def read_tables(path: Path) -> list[Table]:
    """The tables of a DuckDB file, without those that the package built."""
    import duckdb

    if not path.exists():
        raise ForecastError(f"there is no warehouse at {path}", "name a DuckDB file", BAD_INPUT)
    if path.is_dir():
        raise ForecastError(f"the warehouse {path} is a folder", "name a DuckDB file", BAD_INPUT)
    if "'" in path.stem or '"' in path.stem:
        raise ForecastError(
            f"{path}: dbt cannot use a file with a quote in its name", "rename it", BAD_INPUT
        )
    try:
        con = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise ForecastError(
            f"{path} cannot be read: {str(error).splitlines()[0]}",
            "name a DuckDB file that no other program writes to",
            LOCKED,
        ) from None
    with con:
        rows = con.execute(
            "select schema_name, table_name, list(column_name order by column_index) "
            "from duckdb_columns() where not internal and database_name = current_database() "
            "group by all order by all"
        ).fetchall()
    tables = [
        Table(schema, table, tuple(names))
        for schema, table, names in rows
        if not OURS.match(schema)
    ]
    for table in tables:
        warehouse_file.refuse_name_of_schema(path, table.schema)
    return tables


@cache
def known_names() -> dict[str, dict[str, Any]]:
    """By input: `tables`, and `required` and `optional` columns with the names they go by."""
    import yaml

    return yaml.safe_load(KNOWN_NAMES.read_text(encoding="utf-8"))


def guess(tables: Iterable[Table]) -> list[InputMapping]:
    """For every input the table whose name and columns fit it best, if one's name fits at all."""
    tables = list(tables)
    found: dict[str, InputMapping] = {}
    for input_name in known_names():
        candidates = [
            (mapping, rank)
            for table in tables
            if (rank := name_rank(input_name, table.name)) is not None
            and (mapping := map_columns(input_name, table)).columns
        ]
        if candidates:
            found[input_name] = min(
                candidates, key=lambda one: (len(one[0].missing), one[1], -len(one[0].columns))
            )[0]
    if all(found[name].missing for name in ("sales", "demand") if name in found):
        joined = join_lines(tables)
        found.update({"sales": joined} if joined else {})
    if {"sales", "demand"} <= set(found):  # demand would count twice
        found.pop("sales" if found["sales"].missing and not found["demand"].missing else "demand")
    return list(found.values())


def join_lines(tables: list[Table]) -> InputMapping | None:
    """`sales` from order lines that lack only the date, and the orders that they name by a key."""
    pairs_found = []
    for lines in tables:
        rank = name_rank("sales", lines.name, "lines")
        mapping = map_columns("sales", lines)
        if rank is None or mapping.missing != ("ordered_at",):
            continue
        for table in tables:
            header_rank = name_rank("sales", table.name, "headers")
            header = as_header(table, mapping)
            if table != lines and header and header_rank is not None:
                found = InputMapping("sales", lines, mapping.columns, (), header)
                pairs_found.append(((header_rank, rank), found))
    return min(pairs_found, key=lambda one: one[0])[1] if pairs_found else None


def as_header(table: Table, lines: InputMapping) -> Header | None:
    """A table as that of the orders: it has a date, and the key that the lines name it by."""
    key_in_lines = lines.columns["order_id"]
    key = header_key(table, normal(key_in_lines))
    theirs = map_columns("sales", table).columns
    columns = {
        column: theirs[column]
        for column in OF_THE_ORDER
        if column in theirs and (column not in lines.columns or column == "loaded_at")
    }
    if key is None or "ordered_at" not in columns:
        return None
    return Header(table, key, key_in_lines, columns)


def header_key(table: Table, foreign: str) -> str | None:
    """The key that `order_id` means: `order_id`, or `id` of `orders`. A line's own is none."""
    if foreign in ("id", "number"):
        return None
    names = [foreign]
    entity, _, last = foreign.rpartition("_")
    if (plain_name(table.name).removesuffix("s")).endswith(entity or foreign):
        names.append(last if entity else "id")
    theirs = {normal(column): column for column in reversed(table.columns)}
    return next((theirs[name] for name in names if name in theirs), None)


def plain_name(table: str) -> str:
    """A table's name without what says its layer."""
    return re.sub(r"^(raw|src|source|stg|staging|tbl|dim|fct|fact)_+", "", normal(table))


def name_rank(input_name: str, table: str, role: str = "tables") -> int | None:
    """How well a table's name fits an input: 0 best, None not at all."""
    for rank, known in enumerate(known_names()[input_name][role]):
        if plain_name(table) in (known, known.removesuffix("s")):
            return rank
    return None


def map_columns(input_name: str, table: Table) -> InputMapping:
    """Every contract column that one of the table's columns is a known name of."""
    theirs = {normal(column): column for column in reversed(table.columns)}
    known = known_names()[input_name]
    columns: dict[str, str] = {}
    for column, names in {**known["required"], **known.get("optional", {})}.items():
        match = next((theirs[name] for name in map(normal, names) if name in theirs), None)
        if match is not None and match not in columns.values():
            columns[column] = match
    missing = tuple(column for column in known["required"] if column not in columns)
    return InputMapping(input_name, table, columns, missing)


def doubt(mapping: InputMapping) -> str:
    """What was not understood about a table that seems to be an input."""
    return (
        f"{mapping.table} looks like `{mapping.input_name}`, but none of its columns "
        f"({', '.join(mapping.table.columns)}) is known as {', '.join(mapping.missing)}"
    )


def is_demand(mapping: InputMapping) -> bool:
    """Whether what is forecast comes from this input: without it nothing can be built."""
    return mapping.input_name in ("sales", "demand")


def tables_of(mappings: Iterable[InputMapping]) -> list[Table]:
    """Every table that is read, once."""
    tables: list[Table] = []
    for mapping in mappings:
        for table in (mapping.table, *([mapping.header.table] if mapping.header else [])):
            if table not in tables:
                tables.append(table)
    return tables


def unread(mappings: list[InputMapping]) -> list[str]:
    """The columns of the mapped tables that no input takes; one may cancel a row."""
    read: set[tuple[Table, str]] = set()
    for mapping in mappings:
        read |= {(mapping.table, column) for column in mapping.columns.values()}
        if mapping.header:
            columns = {*mapping.header.columns.values(), mapping.header.key}
            read |= {(mapping.header.table, column) for column in columns}
    return [
        f"{table}.{column}"
        for table in tables_of(mappings)
        for column in table.columns
        if (table, column) not in read
    ]
