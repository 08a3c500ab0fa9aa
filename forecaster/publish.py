"""`forecast publish`: the marts as files that no writer ever locks."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from forecaster.errors import BAD_INPUT, FAILED, LOCKED, ForecastError
from forecaster.project import Project, quoted
from forecaster.warehouse import Warehouse

# Every BI driver of 2025 opens this version; the warehouse itself may be newer.
STORAGE_VERSION = "v1.2.0"
DATABASE = "bi.duckdb"
CONTRACT = "contract.json"
STAGING = ".publishing-"
# Databases that are no warehouse: DuckDB names a file up to its first dot, so none is called this.
NO_WAREHOUSE = '"no.warehouse"'
PUBLISHED = '"published.new"'

Columns = dict[str, str]


@dataclass(frozen=True)
class Mart:
    """A model that people read: its name there, its relation here, and what dbt says about it."""

    name: str
    database: str
    relation: str
    description: str
    columns: dict[str, str]


@dataclass
class Publication:
    """What was published, and where."""

    folder: Path
    database: Path
    rows: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rows = ", ".join(f"{name} {count:,}" for name, count in self.rows.items())
        said = f"Published {len(self.rows)} marts to {self.folder} (rows: {rows})."
        if self.changes:
            said += "\nWhat BI tools read has changed:\n  " + "\n  ".join(self.changes)
        return said


def find_marts(manifest: Mapping[str, Any]) -> list[Mart]:
    """The models in a folder `marts` whose contract is enforced, by name; `meta: {publish: false}`
    keeps one at home."""
    found: dict[str, Mart] = {}
    for node in manifest["nodes"].values():
        config = node["config"]
        if node["resource_type"] != "model" or "marts" not in node["fqn"][1:-1]:
            continue
        if not config.get("contract", {}).get("enforced") or not config.get("enabled", True):
            continue
        if config.get("meta", {}).get("publish") is False:
            continue
        name = node["alias"]
        if name in found:
            raise ForecastError(
                f"two marts are called {name}",
                "give one of them another alias in its dbt config",
                BAD_INPUT,
            )
        columns = {key: value["description"] for key, value in node["columns"].items()}
        found[name] = Mart(
            name, node["database"], node["relation_name"], node["description"], columns
        )
    if not found:
        raise ForecastError(
            "the project has no marts: no model in a folder `marts` with an enforced contract",
            "check that the package's marts are not switched off in dbt_project.yml",
            BAD_INPUT,
        )
    return [found[name] for name in sorted(found)]


def default_folder(project: Project) -> Path:
    """`published` beside the warehouse; a target that is not the profile's default has its own."""
    is_default = project.target == project.profile.default_target
    return project.warehouse_path.parent / (
        "published" if is_default else f"published_{project.target}"
    )


def publish(
    project: Project, out: Path | None = None, allow_schema_change: bool = False
) -> Publication:
    """Write every mart into `bi.duckdb` and a Parquet file of its own, each swapped in whole.

    Everything is written beside its place first, so a process killed half-way leaves what was
    published before, and a reader on an old file keeps reading it.
    """
    folder = Path(out) if out is not None else default_folder(project)
    marts = find_marts(project.manifest)
    with attached(project, database_of(marts)) as con:
        contract = {mart.name: columns_of(con, mart) for mart in marts}
        refuse_folders(folder, contract)
        before = read_contract(folder)
        changes = contract_changes(before, contract)
        if changes and not allow_schema_change:
            raise ForecastError(
                "what BI tools read would change:\n  " + "\n  ".join(changes),
                "if that is meant, publish with --allow-schema-change; the files are as they were",
                BAD_INPUT,
            )
        publication = Publication(folder, folder / DATABASE, changes=changes)
        with staging(folder) as staged, explained(folder):
            publication.rows = write(con, marts, contract, staged)
            swap(staged, folder)
            for gone in set(before) - set(contract):
                (folder / f"{gone}.parquet").unlink(missing_ok=True)
    return publication


def database_of(marts: Sequence[Mart]) -> str:
    """dbt's name for the warehouse: not always the file's, which may be a copy under another."""
    names = sorted({mart.database for mart in marts})
    if len(names) > 1:
        raise ForecastError(
            f"the marts lie in more than one database ({', '.join(names)})",
            "keep them in the warehouse, or those elsewhere at home: meta: {publish: false}",
            BAD_INPUT,
        )
    return names[0]


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """What DuckDB or the system said while the files were written, with a remedy."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        said = f"could not publish into {folder} (its files are whole): {first_line(error)}"
        # A commit that finds no room is a TransactionException that names the file.
        if isinstance(error, OSError | duckdb.IOException) or STAGING in said:
            raise ForecastError(
                said,
                "see that the disk has room, or publish elsewhere: forecast publish --out FOLDER",
                LOCKED,
            ) from error
        raise ForecastError(said, "build the marts again: forecast build", FAILED) from error


def first_line(error: Exception) -> str:
    """What an error says, without the hints and the trace that may follow."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def refuse_folders(folder: Path, names: Iterable[str]) -> None:
    """No file can be put in the place of a folder; half of them would be swapped by then."""
    for name in (CONTRACT, DATABASE, *(f"{name}.parquet" for name in names)):
        if (folder / name).is_dir():
            raise ForecastError(
                f"{folder / name} is a folder, and a file is to be published there",
                "move it away, or publish elsewhere: forecast publish --out FOLDER",
                BAD_INPUT,
            )


@contextmanager
def attached(project: Project, database: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory that reads the warehouse under the name dbt gives it."""
    path = Path(project.warehouse_path)
    with Warehouse(project).connect():  # says who holds it, and waits for a short lock
        pass
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        # The warehouse itself may be called memory.
        con.execute(f"attach ':memory:' as {NO_WAREHOUSE}; use {NO_WAREHOUSE}; detach memory")
        con.execute(f"attach {literal(path)} as {quoted(database)} (read_only)")
        yield con


def columns_of(con: duckdb.DuckDBPyConnection, mart: Mart) -> Columns:
    """Name to type of a mart's columns, as they stand in the warehouse."""
    try:
        described = con.execute(f"describe select * from {mart.relation}").fetchall()
    except duckdb.CatalogException:
        raise ForecastError(
            f"the mart {mart.name} is not in the warehouse ({mart.relation})",
            "build it: forecast build",
            BAD_INPUT,
        ) from None
    return {name: kind for name, kind, *_ in described}


def read_contract(folder: Path) -> dict[str, Columns]:
    """The columns as they were last published; none at all before the first time."""
    path = folder / CONTRACT
    if not path.exists():
        return {}
    try:
        contract = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ForecastError(
            f"cannot read {path}: {error.strerror}", "make it readable for this user", LOCKED
        ) from None
    except ValueError:  # no JSON, or no UTF-8
        contract = None
    if isinstance(contract, dict) and all(isinstance(one, dict) for one in contract.values()):
        return contract
    raise ForecastError(f"{path} is damaged", "delete it and publish again", BAD_INPUT)


def contract_changes(before: dict[str, Columns], after: dict[str, Columns]) -> list[str]:
    """What a reader of the last publication would find changed; new marts break nobody."""
    changes = [f"{mart}: no longer there" for mart in sorted(set(before) - set(after))]
    for mart in sorted(set(before) & set(after)):
        old, new = before[mart], after[mart]
        changes += [f"{mart}: column {name} is gone" for name in old if name not in new]
        changes += [
            f"{mart}: column {name} was {old[name]}, is {new[name]}"
            for name in old
            if name in new and old[name] != new[name]
        ]
        changes += [f"{mart}: column {name} is new" for name in new if name not in old]
    return changes


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A folder beside the published files, named after this process; dead ones' are cleared."""
    import psutil

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{STAGING}*"):
            pid = left.name.removeprefix(STAGING).split("-")[0]
            if not (pid.isdigit() and psutil.pid_exists(int(pid))):
                shutil.rmtree(left, ignore_errors=True)
        staged = Path(tempfile.mkdtemp(prefix=f"{STAGING}{os.getpid()}-", dir=folder))
    except OSError as error:
        raise ForecastError(
            f"cannot write into {folder}: {error.strerror}",
            "publish into a folder of your own: forecast publish --out FOLDER",
            LOCKED,
        ) from None
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def write(
    con: duckdb.DuckDBPyConnection,
    marts: list[Mart],
    contract: dict[str, Columns],
    staged: Path,
) -> dict[str, int]:
    """Copy every mart into a database and Parquet files in `staged`; rows by mart."""
    rows = {}
    con.execute(
        f"attach {literal(staged / DATABASE)} as {PUBLISHED} (storage_version '{STORAGE_VERSION}')"
    )
    for mart in marts:
        table = f"{PUBLISHED}.main.{quoted(mart.name)}"
        con.execute(f"create table {table} as select * from {mart.relation}")
        comment(con, table, mart)
        parquet = staged / f"{mart.name}.parquet"
        con.execute(f"copy {table} to {literal(parquet)} (format parquet, compression zstd)")
        counted = con.execute(f"select count(*) from {table}").fetchone()
        rows[mart.name] = counted[0] if counted else 0
    con.execute(f"detach {PUBLISHED}")
    (staged / DATABASE).chmod(0o444)
    text = json.dumps(contract, indent=2, sort_keys=True)
    (staged / CONTRACT).write_text(text + "\n", encoding="utf-8")
    for path in staged.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    return rows


def comment(con: duckdb.DuckDBPyConnection, table: str, mart: Mart) -> None:
    """dbt's descriptions, where BI tools show them."""
    con.execute(f"comment on table {table} is {literal(mart.description)}")
    for column, description in mart.columns.items():
        if description:
            con.execute(f"comment on column {table}.{quoted(column)} is {literal(description)}")


def swap(staged: Path, folder: Path) -> None:
    """Put every staged file in its place; the contract last, so that it never promises more."""
    paths = sorted(staged.iterdir(), key=lambda path: (path.name == CONTRACT, path.name))
    for path in paths:
        path.replace(folder / path.name)


def literal(value: object) -> str:
    """A quoted text, for the statements that take no parameters."""
    return "'" + str(value).replace("'", "''") + "'"
