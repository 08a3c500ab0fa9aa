"""SQL as dbt compiles it from this project, for tests that run it on rows made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.dbt.runner import invoke, parse


@dataclass(frozen=True)
class Compiled:
    """One project compiled for one warehouse: statements and the names of relations."""

    warehouse: Path
    sql: dict[str, str]
    relations: dict[str, str]


def compile_nodes(folder: Path, *names: str) -> Compiled:
    """Compile models and analyses by name into SQL for `folder/warehouse.duckdb`."""
    warehouse = folder / "warehouse.duckdb"
    results = invoke(warehouse, "compile", "--select", *names)
    manifest = parse(warehouse)
    relations = {
        node.name: node.relation_name
        for node in manifest.nodes.values()
        if getattr(node, "relation_name", None)
    }
    return Compiled(
        warehouse, {r.node.name: r.node.compiled_code for r in results.results}, relations
    )
