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
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import yaml
from sqlfluff.core.templaters.builtins.dbt import RelationEmulator

_PACKAGE = "warehouse_forecaster"
_PROJECT = Path(__file__).resolve().parents[2] / "dbt_project" / "dbt_project.yml"
_VARS = yaml.safe_load(_PROJECT.read_text(encoding="utf-8"))["vars"][_PACKAGE]

# These write pages of casts and cases, which say nothing about the files that call them.
_SHORT = {"input_columns": "*, null as cast_error", "rejection_reason": "null"}


def _macro(name: str) -> Callable[..., Any]:
    """The project's macro of this name, looked up when it is called."""

    @jinja2.pass_context
    def call(context: jinja2.runtime.Context, *args: Any, **kwargs: Any) -> Any:
        return context[name](*args, **kwargs)

    return call


class _Macros:
    """`warehouse_forecaster.x(…)`: a macro by its package."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in _SHORT:
            return lambda *_: _SHORT[name]
        return _macro(name)


class _Adapter:
    """The warehouse's side, without a warehouse: nothing is there, nothing has columns."""

    def dispatch(self, name: str, *_: str) -> Callable[..., Any]:
        return _macro(f"default__{name}")

    def quote(self, name: str) -> str:
        return f'"{name}"'

    def get_relation(self, *_: str) -> None:
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


warehouse_forecaster = _Macros()
adapter = _Adapter()
exceptions = _Exceptions()
dbt = _Dbt()
execute = False
flags = SimpleNamespace(FULL_REFRESH=False, EMPTY=False, WHICH="compile")
graph = SimpleNamespace(nodes={}, sources={})
model = RelationEmulator("model")
target = SimpleNamespace(name="dev", schema="dev", database="warehouse", type="duckdb")
modules = SimpleNamespace(re=re, datetime=datetime)
