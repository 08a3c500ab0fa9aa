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
from forecaster.project import PACKAGE, packaged_project

TEMPLATES = Path(__file__).parent / "templates" / "project"
KNOWN_NAMES = Path(__file__).parent / "templates" / "known_names.yml"
SAMPLE_MODEL = "sample_orders"
SAMPLE_COLUMNS = ("order_id", "ordered_at", "item_id", "quantity", "unit_price")
OURS = re.compile(r".*_(staging|intermediate|features|forecasts|marts)$")


@dataclass(frozen=True)
class Table:
    """A table of the team's warehouse."""

    schema: str
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class InputMapping:
    """An input and the table it is taken from; `missing`: required columns that were not found."""

    input_name: str
    table: Table
    columns: dict[str, str]
    missing: tuple[str, ...]


@dataclass
class Scaffold:
    """What was written, and what was guessed about the team's tables."""

    folder: Path
    files: list[Path] = field(default_factory=list)
    mapped: list[InputMapping] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    uses_sample: bool = False

    def __str__(self) -> str:
        count = len(self.files)
        lines = [f"{self.folder} is a dbt project that uses this package ({count} files)."]
        for mapping in self.mapped:
            columns = ", ".join(
                ours if ours == theirs else f"{ours}: {theirs}"
                for ours, theirs in mapping.columns.items()
            )
            table = f"{mapping.table.schema}.{mapping.table.name}"
            lines.append(f"  {mapping.input_name} from {table} ({columns})")
        lines += [f"  not mapped: {doubt}" for doubt in self.unsure]
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
    mappings = guess(tables)
    result.mapped = [mapping for mapping in mappings if not mapping.missing]
    result.unsure = [doubt(mapping) for mapping in mappings if mapping.missing]
    inputs = {mapping.input_name for mapping in result.mapped}
    result.uses_sample = not inputs & {"sales", "demand"}
    if result.uses_sample:
        result.mapped = []
        if path:
            result.unsure.insert(0, f"no table of {path} could be mapped to `sales` or `demand`")
    contents = render(name, path, package, result)
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
    if {"sales", "demand"} <= set(found):  # demand would count twice
        found.pop("sales" if found["sales"].missing and not found["demand"].missing else "demand")
    return list(found.values())


def name_rank(input_name: str, table: str) -> int | None:
    """How well a table's name fits an input: 0 best, None not at all."""
    plain = re.sub(r"^(raw|src|source|stg|staging|tbl|dim|fct|fact)_+", "", normal(table))
    for rank, known in enumerate(known_names()[input_name]["tables"]):
        if plain in (known, known.removesuffix("s")):
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
    table = mapping.table
    return (
        f"{table.schema}.{table.name} looks like `{mapping.input_name}`, but none of its columns "
        f"({', '.join(table.columns)}) is known as {', '.join(mapping.missing)}"
    )


def render(name: str, path: Path | None, package: str | None, result: Scaffold) -> dict[str, str]:
    """Every file's text by its path in the project."""

    def filled(file: str, **values: str) -> str:
        return (TEMPLATES / file).read_text(encoding="utf-8").format(name=name, **values)

    notes = "".join(f"- to be settled: {doubt}\n" for doubt in result.unsure)
    contents = {
        "dbt_project.yml": filled(
            "dbt_project.yml", inputs=input_lines(name, result), panels=panel_lines(result)
        ),
        "profiles.yml": filled("profiles.yml", warehouse=jinja_text(path or "warehouse.duckdb")),
        "packages.yml": filled("packages.yml", package=package_lines(package)),
        ".gitignore": (TEMPLATES / "gitignore").read_text(encoding="utf-8"),
        "README.md": filled("README.md", notes=notes),
    }
    if result.uses_sample:
        sample = f"models/{SAMPLE_MODEL}.sql"
        contents[sample] = (TEMPLATES / sample).read_text(encoding="utf-8")
    else:
        contents["models/sources.yml"] = source_lines(name, result.mapped)
    return contents


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
    for mapping in result.mapped:
        source = f"[{source_name(name, mapping.table.schema)}, {scalar(mapping.table.name)}]"
        lines += [f"{mapping.input_name}:", f"  source: {source}", "  columns:"]
        lines += [f"    {ours}: {scalar(theirs)}" for ours, theirs in mapping.columns.items()]
    lines += [f"# {doubt}" for doubt in result.unsure]
    return "".join(f"      {line}\n" for line in lines)


def source_name(name: str, schema: str) -> str:
    """A source's name of its own, so that it is never taken for one of the package's."""
    return scalar(f"{name}_{normal(schema)}")


def source_lines(name: str, mappings: list[InputMapping]) -> str:
    """models/sources.yml: the mapped tables, by schema."""
    schemas: dict[str, list[str]] = {}
    for mapping in mappings:
        tables = schemas.setdefault(mapping.table.schema, [])
        if mapping.table.name not in tables:
            tables.append(mapping.table.name)
    lines = ["sources:"]
    for schema, tables in schemas.items():
        lines += [f"  - name: {source_name(name, schema)}", f"    schema: {scalar(schema)}"]
        lines += ["    quoting: {schema: true, identifier: true}", "    tables:"]
        lines += [f"      - name: {scalar(table)}" for table in tables]
    return "\n".join(lines) + "\n"


def panel_lines(result: Scaffold) -> str:
    """The var `panels`: items by week, and by day where they are sold."""
    columns: Mapping[str, Mapping[str, str]] = {
        mapping.input_name: mapping.columns for mapping in result.mapped
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
