"""`forecast init`: a dbt project of the team's own that imports the package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.mapping import (
    Header,
    InputMapping,
    Table,
    doubt,
    guess,
    is_demand,
    known_names,
    normal,
    read_tables,
    tables_of,
    unread,
    words,
)
from forecaster.project import PACKAGE, packaged_project, quoted

TEMPLATES = Path(__file__).parent / "templates" / "project"
SAMPLE_MODEL = "sample_orders"
LINES_MODEL = "sales_lines"
TO_FILL_IN = "???"
MOST_NAMES = 20
SAMPLE_COLUMNS = ("order_id", "ordered_at", "item_id", "quantity", "unit_price")


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
