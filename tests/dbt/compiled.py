"""SQL as dbt compiles it from this project, for tests that run it on rows made by hand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dbt.cli.main import dbtRunner

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Compiled:
    """One project compiled for one warehouse: statements and the names of relations."""

    warehouse: Path
    sql: dict[str, str]
    relations: dict[str, str]


def invoke(warehouse: Path, *arguments: str):
    """Run one dbt command of this project on a warehouse; fails with dbt's own error."""
    before = os.environ.get("FORECAST_WAREHOUSE")
    os.environ["FORECAST_WAREHOUSE"] = str(warehouse)
    try:
        result = dbtRunner().invoke(
            [
                *arguments,
                *("--project-dir", str(ROOT / "dbt_project")),
                *("--profiles-dir", str(ROOT)),
                *("--target-path", str(warehouse.parent / "target")),
                *("--log-path", str(warehouse.parent / "logs")),
                "--quiet",
            ]
        )
    finally:
        if before is None:
            del os.environ["FORECAST_WAREHOUSE"]
        else:
            os.environ["FORECAST_WAREHOUSE"] = before
    if not result.success:
        failures = [r.message for r in getattr(result.result, "results", []) if r.message]
        raise AssertionError(str(result.exception or "\n".join(failures)))
    return result.result


def compile_nodes(folder: Path, *names: str) -> Compiled:
    """Compile models and analyses by name into SQL for `folder/warehouse.duckdb`."""
    warehouse = folder / "warehouse.duckdb"
    results = invoke(warehouse, "compile", "--select", *names)
    manifest = invoke(warehouse, "parse")
    relations = {
        node.name: node.relation_name
        for node in manifest.nodes.values()
        if getattr(node, "relation_name", None)
    }
    return Compiled(
        warehouse, {r.node.name: r.node.compiled_code for r in results.results}, relations
    )
