"""What the project's templates find in dbt, for sqlfluff's jinja templater.

The dbt templater compiles through dbt: slow, and it opens the warehouse, which may be locked or
empty. With these names the macros themselves run, on the vars of dbt_project.yml, and no warehouse.
sqlfluff puts every public name of this module into the context of each file.
"""

from __future__ import annotations

import copy
import datetime
import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import yaml
from sqlfluff.core.templaters.builtins.dbt import DBT_BUILTINS, DbtMacroWrapper, RelationEmulator

_PACKAGE = "warehouse_forecaster"
_PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
_VARS = yaml.safe_load((_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"][_PACKAGE]
_VARS |= _VARS.pop("demo")
# What is written once a panel is linted once.
_VARS["panels"] = _VARS["panels"][1:2]
# These write pages of casts and cases, which say nothing about the files that call them.
_SHORT = {"input_columns": "*, null as cast_error", "rejection_reason": "null"}


def _features() -> list[dict[str, Any]]:
    """A column of each role and scaling: the macro of this name has them all, from dbt's graph."""
    found = {}
    for model, relation in (("panel", "panel_extended"), ("series", "series")):
        path = _PROJECT / "models" / "features" / f"{model}.yml"
        columns = yaml.safe_load(path.read_text(encoding="utf-8"))["models"][0]["columns"]
        for column in columns:
            meta = (column.get("config") or {}).get("meta") or column.get("meta") or {}
            blank = dict.fromkeys(("role", "scaling", "input", "fallback"))
            if meta.get("role"):
                named = {"name": column["name"], "model": model, "relation": relation}
                kind = (relation, meta["role"], meta.get("scaling"))
                found.setdefault(kind, blank | meta | named | {"description": ""})
    return list(found.values())


class _Macros:
    """`warehouse_forecaster.x(…)`: the project's macro x."""

    def __init__(self) -> None:
        self.loaded: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in _SHORT:
            return lambda *_: _SHORT[name]
        if name == "get_features":
            return _features
        try:
            return self.loaded[name]
        except KeyError:
            raise AttributeError(f"the project has no macro {name}") from None

    def load(self, context: dict[str, Any]) -> None:
        """Reads every macro file; the macros see `context`."""
        environment = jinja2.Environment(extensions=["jinja2.ext.do"])
        for path in sorted((_PROJECT / "macros").rglob("*.sql")):
            template = environment.from_string(path.read_text(encoding="utf-8"), globals=context)
            for name, value in vars(template.module).items():
                if isinstance(value, jinja2.runtime.Macro):
                    self.loaded[name] = DbtMacroWrapper(value)


class _Adapter:
    """The warehouse's side, without a warehouse: nothing is there, nothing has columns."""

    def dispatch(self, name: str, *_: str) -> Callable[..., Any]:
        return getattr(warehouse_forecaster, f"default__{name}")

    def quote(self, name: str) -> str:
        return f'"{name}"'

    def get_relation(self, *_: Any, **__: Any) -> None:
        return None

    def get_columns_in_relation(self, *_: Any) -> list[Any]:
        return []


class _Exceptions:
    def raise_compiler_error(self, message: str) -> None:
        raise ValueError(message)

    def warn(self, *_: str) -> str:
        return ""


class _Dbt:
    """Macros that dbt brings itself."""

    def current_timestamp(self) -> str:
        return "now()"

    def __getattr__(self, name: str) -> Callable[..., str]:
        return lambda *args: f"{name}({', '.join(str(arg) for arg in args)})"


def var(name: str, default: Any = None) -> Any:
    """A var of dbt_project.yml; a copy, for macros may change what they get."""
    return copy.deepcopy(_VARS.get(name, default))


def local_md5(value: str) -> str:
    return hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()


def run_query(*_: str) -> None:
    return None


def log(*_: Any, **__: Any) -> str:
    return ""


def env_var(_: str, default: str = "") -> str:
    return default


project_name = _PACKAGE
adapter = _Adapter()
exceptions = _Exceptions()
dbt = _Dbt()
execute = False
flags = SimpleNamespace(FULL_REFRESH=False, EMPTY=False, WHICH="compile")
graph = SimpleNamespace(nodes={}, sources={})
model = RelationEmulator("model")
target = SimpleNamespace(name="dev", schema="dev", database="warehouse", type="duckdb")
modules = SimpleNamespace(re=re, datetime=datetime, pytz=SimpleNamespace(utc=datetime.UTC))


def _load_once() -> _Macros:
    """sqlfluff runs this module anew for each file it lints; the macros need be read but once."""
    kept = sys.modules.get("_forecaster_macros")
    if kept is None:
        kept = sys.modules["_forecaster_macros"] = _Macros()  # type: ignore[assignment]
        names = {name: value for name, value in globals().items() if not name.startswith("_")}
        kept.load({**DBT_BUILTINS, **names, "warehouse_forecaster": kept})
    return kept  # type: ignore[return-value]


warehouse_forecaster = _load_once()
