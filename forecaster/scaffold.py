"""`forecast init`: a dbt project of the team's own that imports the package."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from forecaster.errors import BAD_INPUT, LOCKED, ForecastError
from forecaster.project import PACKAGE, packaged_project, quoted

TEMPLATES = Path(__file__).parent / "templates" / "project"
KNOWN_NAMES = Path(__file__).parent / "templates" / "known_names.yml"
SAMPLE_MODEL = "sample_orders"
LINES_MODEL = "sales_lines"
TO_FILL_IN = "???"
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
MOST_NAMES = 20
SAMPLE_COLUMNS = ("order_id", "ordered_at", "item_id", "quantity", "unit_price")
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


@dataclass
class Scaffold:
    """What was written, and what was guessed about the team's tables."""

    folder: Path
    files: list[Path] = field(default_factory=list)
    mapped: list[InputMapping] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    uses_sample: bool = False
    to_fill_in: str = ""
    unread: list[str] = field(default_factory=list)
    unrecognised: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        count = len(self.files)
        lines = [f"{self.folder} is a dbt project that uses this package ({count} files)."]
        for mapping in self.mapped:
            line = f"  {mapping.input_name} from {mapping.table} ({pairs(mapping.columns)})"
            if mapping.header:
                header = mapping.header
                line += f", joined to {header.table} ({pairs(header.columns)})"
            lines.append(line)
        lines += [f"  not mapped: {doubt}" for doubt in self.unsure]
        if self.unrecognised:
            lines.append(f"  not recognised: {listed(self.unrecognised)}")
        if self.unread:
            lines.append(f"  left unread: {', '.join(self.unread)}")
        if self.to_fill_in:
            lines.append(f"  To do: {self.to_fill_in}")
        if self.uses_sample:
            lines.append("  It forecasts a made-up shop until you map a table of your own.")
        return "\n".join(lines)


def init_project(
    folder: Path | str,
    warehouse: Path | str | None = None,
    name: str | None = None,
    package: str | None = None,
) -> Scaffold:
    """Write a dbt project into `folder`, its inputs mapped to the tables of `warehouse`.

    `package` is a git URL, with `@revision` where wanted; without it the installed package is
    imported. Nothing that exists is overwritten.
    """
    folder = Path(folder)
    name = project_name(name or folder.resolve().name)
    path = Path(warehouse).resolve() if warehouse else None
    result = Scaffold(folder)
    tables = read_tables(path) if path else []
    guessed = guess(tables)
    for mapping in guessed:
        if mapping.missing and not is_demand(mapping):
            result.unsure.append(doubt(mapping))
        else:
            result.mapped.append(mapping)
    result.unread = unread(result.mapped)
    looked_at = tables_of(guessed)
    result.unrecognised = [str(table) for table in tables if table not in looked_at]
    result.uses_sample = path is None  # a made-up shop has no place in a warehouse of the team's
    if path:
        result.to_fill_in = to_fill_in(path, result.mapped)
    contents = render(name, path, package, result, tables)
    write(folder, contents)
    result.files = [folder / file for file in contents]
    return result


def project_name(text: str) -> str:
    """A name dbt accepts: lower-case words joined by `_`, a letter first."""
    name = "_".join(words(text.encode("ascii", "ignore").decode()))
    if not name or not name[0].isalpha():
        name = f"forecasts_{name}".rstrip("_")
    return f"{name}_project" if name == PACKAGE else name


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
    return [
        Table(schema, table, tuple(names))
        for schema, table, names in rows
        if not OURS.match(schema)
    ]


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


def to_fill_in(path: Path, mapped: list[InputMapping]) -> str:
    """What must be said before anything can be forecast; empty where all is known."""
    stops = "`forecast build` stops until it is"
    demand = next((mapping for mapping in mapped if is_demand(mapping)), None)
    if demand is None:
        return (
            f"no table of {path} is known by its name as order lines (`sales`) or as totals by day "
            f"(`demand`); map one under `inputs` in dbt_project.yml; {stops} mapped"
        )
    if demand.missing:
        return f"{doubt(demand)}; replace each {TO_FILL_IN} in dbt_project.yml; {stops} done"
    return ""


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


def pairs(columns: Mapping[str, str]) -> str:
    """Columns as `ours: theirs`, or once where the names are the same."""
    return ", ".join(
        ours if ours == theirs else f"{ours}: {theirs}" for ours, theirs in columns.items()
    )


def listed(names: list[str]) -> str:
    """Names in a line that can be read."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def notes(result: Scaffold) -> str:
    """What the project's README says of the guess."""
    lines = [f"to be settled: {doubt}" for doubt in [result.to_fill_in, *result.unsure] if doubt]
    if result.unrecognised:
        lines.append(f"not recognised: {listed(result.unrecognised)}")
    if result.unread:
        lines.append(
            f"left unread: {', '.join(result.unread)}. No row is left out for what stands in them: "
            "cancelled orders count unless `is_cancelled` or `cancelled_at` of `sales` is mapped"
        )
    return "".join(f"- {' '.join(line.split())}\n" for line in lines)


def render(
    name: str, path: Path | None, package: str | None, result: Scaffold, tables: list[Table]
) -> dict[str, str]:
    """Every file's text by its path in the project."""

    def filled(file: str, **values: str) -> str:
        return (TEMPLATES / file).read_text(encoding="utf-8").format(name=name, **values)

    contents = {
        "dbt_project.yml": filled(
            "dbt_project.yml", inputs=input_lines(name, result), panels=panel_lines(result)
        ),
        "profiles.yml": filled("profiles.yml", warehouse=jinja_text(path or "warehouse.duckdb")),
        "packages.yml": filled("packages.yml", package=package_lines(package)),
        ".gitignore": (TEMPLATES / "gitignore").read_text(encoding="utf-8"),
        "README.md": filled("README.md", notes=notes(result)),
    }
    if result.uses_sample:
        sample = f"models/{SAMPLE_MODEL}.sql"
        contents[sample] = (TEMPLATES / sample).read_text(encoding="utf-8")
    # All tables where none is known as demand: the one that is will then be a source already.
    elif read := tables_of(result.mapped) if any(map(is_demand, result.mapped)) else tables:
        contents["models/sources.yml"] = source_lines(name, read, result.mapped)
    for mapping in result.mapped:
        if mapping.header:
            contents[f"models/{LINES_MODEL}.sql"] = lines_model(name, mapping, mapping.header)
    return contents


def lines_model(name: str, mapping: InputMapping, header: Header) -> str:
    """The model that gives order lines what their order says."""
    from jinja2 import Environment

    def source(table: Table) -> str:
        return f"{json.dumps(source_name(name, table.schema))}, {json.dumps(table.name)}"

    values: dict[str, list[str]] = {}
    for alias, columns in (("lines", mapping.columns), ("orders", header.columns)):
        for ours, theirs in columns.items():
            values.setdefault(ours, []).append(f"{alias}.{quoted(theirs)}")
    # The delimiters of its own leave those of dbt alone.
    environment = Environment(
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        keep_trailing_newline=True,
    )
    text = (TEMPLATES / f"models/{LINES_MODEL}.sql.jinja").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        lines_source=source(mapping.table),
        header_source=source(header.table),
        columns=list(values.items()),
        keys=[f"orders.{quoted(header.key)}", f"lines.{quoted(header.key_in_lines)}"],
    )


def scalar(value: str) -> str:
    """A text as YAML; JSON's quotes are YAML's where quotes are needed at all."""
    plain = re.fullmatch(r"[A-Za-z_][\w.]*", value, re.ASCII)
    reserved = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
    if plain and value.lower() not in reserved:
        return value
    return json.dumps(value, ensure_ascii=False)


def jinja_text(path: Path | str) -> str:
    """A path as a text in Jinja inside a double-quoted YAML scalar."""
    return "'" + str(path).replace("\\", "/").replace("'", "\\\\'").replace('"', '\\"') + "'"


def input_lines(name: str, result: Scaffold) -> str:
    """The var `inputs`."""
    lines = []
    if result.uses_sample:
        lines += ["sales:", f"  model: {SAMPLE_MODEL}", f"  columns: [{', '.join(SAMPLE_COLUMNS)}]"]
    elif not any(map(is_demand, result.mapped)):
        lines += [f"# {' '.join(result.to_fill_in.split())}", "# sales:"]
        lines += [f"#   source: [a source of models/sources.yml, {TO_FILL_IN}]", "#   columns:"]
        lines += [f"#     {column}: {TO_FILL_IN}" for column in known_names()["sales"]["required"]]
    for mapping in result.mapped:
        lines.append(f"{mapping.input_name}:")
        if mapping.header:
            columns = dict.fromkeys([*mapping.columns, *mapping.header.columns])
            lines += [f"  model: {LINES_MODEL}", f"  columns: [{', '.join(columns)}]"]
            continue
        source = (
            f"[{scalar(source_name(name, mapping.table.schema))}, {scalar(mapping.table.name)}]"
        )
        lines += [f"  source: {source}", "  columns:"]
        lines += [f"    {ours}: {scalar(theirs)}" for ours, theirs in mapping.columns.items()]
        if mapping.missing:
            known = " ".join(", ".join(mapping.table.columns).split())
            lines.append(f"    # the table has {known}")
            lines += [f"    {column}: {scalar(TO_FILL_IN)}" for column in mapping.missing]
    lines += [f"# {' '.join(doubt.split())}" for doubt in result.unsure]
    return "".join(f"      {line}\n" for line in lines)


def source_name(name: str, schema: str) -> str:
    """A source's name of its own, so that it is never taken for one of the package's."""
    return f"{name}_{normal(schema)}"


def source_lines(name: str, tables: list[Table], mappings: list[InputMapping]) -> str:
    """models/sources.yml: tables by schema; a second row of an order would double its lines."""
    keys = {mapping.header.table: mapping.header.key for mapping in mappings if mapping.header}
    schemas: dict[str, list[Table]] = {}
    for table in tables:
        schemas.setdefault(table.schema, []).append(table)
    lines = ["sources:"]
    for schema, of_schema in schemas.items():
        lines += [f"  - name: {scalar(source_name(name, schema))}", f"    schema: {scalar(schema)}"]
        lines += ["    quoting: {schema: true, identifier: true}", "    tables:"]
        for table in of_schema:
            lines.append(f"      - name: {scalar(table.name)}")
            if table in keys:
                lines += ["        columns:", f"          - name: {scalar(keys[table])}"]
                lines += ["            quote: true", "            data_tests: [unique]"]
    return "\n".join(lines) + "\n"


def panel_lines(result: Scaffold) -> str:
    """The var `panels`: items by week, and by day where they are sold."""
    columns: Mapping[str, Mapping[str, str]] = {
        mapping.input_name: {
            **mapping.columns,
            **(mapping.header.columns if mapping.header else {}),
        }
        for mapping in result.mapped
    }
    demand = columns.get("sales") or columns.get("demand") or {}
    by_category = ", [category]" if "category" in columns.get("items", {}) else ""
    panels = [("item_weekly", "[item_id]", "week", 8, 1, f"[[]{by_category}]", 4)]
    if "location_id" in demand:
        levels = f"[[]{by_category}, [location_id], [item_id]]"
        panels += [("item_location_daily", "[item_id, location_id]", "day", 28, 7, levels, 28)]
    else:
        panels += [("item_daily", "[item_id]", "day", 28, 7, f"[[]{by_category}]", 28)]
    lines = []
    for name, grain, frequency, horizon, season, levels, step in panels:
        lines += [
            f"- name: {name}",
            f"  grain: {grain}",
            f"  frequency: {frequency}",
            f"  horizon: {horizon}",
            f"  season_length: {season}",
            "  signed: false",
            f"  levels: {levels}",
            f"  cutoffs: {{count: 3, step: {step}}}",
        ]
    return "".join(f"      {line}\n" for line in lines)


def package_lines(package: str | None) -> str:
    """The entry of packages.yml."""
    if package is None:
        return f"  - local: {scalar(str(packaged_project()))}"
    at = package.rfind("@")
    url, revision = (package[:at], package[at + 1 :]) if at > package.rfind("/") else (package, "")
    lines = [f"  - git: {scalar(url)}"]
    lines += [f"    revision: {scalar(revision)}"] if revision else []
    return "\n".join([*lines, "    subdirectory: dbt_project"])


def write(folder: Path, contents: Mapping[str, str]) -> None:
    """Write all files, or none where one of them is there already."""
    existing = [file for file in contents if (folder / file).exists()]
    if existing:
        raise ForecastError(
            f"{folder} has {', '.join(existing)} already; nothing was written",
            "choose another folder, or move these files away",
            BAD_INPUT,
        )
    try:
        for file, text in contents.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ForecastError(
            f"cannot write into {folder}: {error.strerror}", "choose another folder", BAD_INPUT
        ) from None
