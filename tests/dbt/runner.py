"""dbt in this process, on a warehouse of a test's own; the project is parsed once a set of vars."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

_manifests: dict[tuple[str, str], Manifest] = {}
PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


def attempt(
    warehouse: Path, *command: str, values: dict[str, Any] | None = None
) -> dbtRunnerResult:
    """One dbt command; what failed stands in the result."""
    manifest = None if command[0] == "parse" else parse(warehouse, values)
    return _invoke(warehouse, command, values, manifest)


def run_changed(
    warehouse: Path, select: str, values: dict[str, Any], changes: dict[str, tuple[str, str]]
) -> None:
    """`dbt run` on another version of the package: a text for another, by model or macro."""
    manifest = parse(warehouse, values)
    with pytest.MonkeyPatch.context() as patch:
        for name, (old, new) in changes.items():
            kind, short = name.split(" ")
            nodes, column = {
                "model": (manifest.nodes, "raw_code"),
                "macro": (manifest.macros, "macro_sql"),
            }[kind]
            node = nodes[f"{kind}.warehouse_forecaster.{short}"]
            text = getattr(node, column)
            assert old in text
            patch.setattr(node, column, text.replace(old, new))
        done = _invoke(warehouse, ("run", "--select", select), values, manifest)
    assert done.success, messages(done)


def invoke(warehouse: Path, *command: str, values: dict[str, Any] | None = None) -> Any:
    """The result of one dbt command; fails with dbt's own messages."""
    done = attempt(warehouse, *command, values=values)
    assert done.success, messages(done)
    return done.result


def messages(done: dbtRunnerResult) -> str:
    """Every message of a command."""
    nodes = getattr(done.result, "results", None)
    said = [str(node.message) for node in nodes if node.message] if nodes else []
    return "\n".join([str(done.exception or ""), *said])


def parse(warehouse: Path, values: dict[str, Any] | None = None) -> Manifest:
    """The project's manifest. `as_of` is read when models run, so one manifest serves them all."""
    timeless = dict(values or {})
    if "business" in timeless:
        timeless["business"] = timeless["business"] | {"as_of": None}
    key = (warehouse.stem, json.dumps(timeless))  # relations bear the name of the file
    if key not in _manifests:
        done = _invoke(warehouse, ("parse",), timeless, None)
        assert done.success, messages(done)
        _manifests[key] = done.result
    return _manifests[key]


def _invoke(
    warehouse: Path, command: tuple[str, ...], values: Any, manifest: Manifest | None
) -> dbtRunnerResult:
    folder = warehouse.parent
    arguments = [
        *(*command, "--quiet", "--no-write-json", "--vars", json.dumps(values or {})),
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
    ]
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(Path.cwd()):
        patch.setenv("FORECAST_WAREHOUSE", str(warehouse))
        return dbtRunner(manifest=manifest).invoke(arguments)
