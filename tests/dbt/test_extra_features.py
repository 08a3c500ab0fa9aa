"""What an importing project may bring as features of its own, and what is refused, with why."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import duckdb
import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult

from tests.dbt.runner import messages
from tests.dbt.shop import ROOT

PROJECT = """
name: bakery
version: 0.1.0
profile: bakery
vars:
  warehouse_forecaster:
    inputs:
      sales: {model: orders, columns: {item_id: bread}}
    panels: [{name: breads, grain: [item_id], frequency: day, horizon: 7}]
"""

PROFILES = """
bakery:
  target: dev
  outputs:
    dev: {type: duckdb, path: bakery.duckdb, schema: dev, keep_open: false}
"""

ORDERS = """
select '1' as order_id, timestamp '2024-01-01' as ordered_at, 'rye' as bread, 1 as quantity
"""


def model(name: str, meta: str, column: str = "degrees", keys: str = "unique_id ds") -> str:
    listed = "".join(f"\n      - {{name: {key}}}" for key in keys.split())
    return (
        f"models:\n  - name: {name}\n    columns:{listed}\n"
        f"      - {{name: {json.dumps(column)}, description: Outside., "
        f"config: {{meta: {{{meta}}}}}}}\n"
    )


CASES = {
    "weather": (model("weather", "role: known_future, scaling: standard"), None),
    "mistyped_role": (
        model("mistyped_role", "role: future"),
        "has role future; use past, known_future or flag",
    ),
    "short_lag": (
        model("short_lag", "role: known_future, input: target, lag: 6"),
        "known in advance only where it lags at least the longest horizon, 7 periods",
    ),
    "long_lag": (model("long_lag", "role: known_future, input: target, lag: 7"), None),
    "taken": (model("taken", "role: past", "Lag_1"), "'Lag_1' stands in panel already"),
    "unquotable": (model("unquotable", "role: past", 'deg"rees'), "has a quote in its name"),
    "keyless": (model("keyless", "role: past", keys="ds"), "has no column 'unique_id' in its yml"),
    "circular": (model("circular", "role: past"), "reads panel, which would then depend on itself"),
}


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bakery")
    files = {
        "dbt_project.yml": PROJECT,
        "profiles.yml": PROFILES,
        "packages.yml": f"packages: [{{local: '{ROOT / 'dbt_project'}'}}]\n",
        "models/orders.sql": ORDERS,
    }
    for name, (yml, _) in CASES.items():
        files[f"models/{name}.yml"] = yml
        source = "{{ ref('warehouse_forecaster', 'panel') }}" if name == "circular" else ""
        column = "lag_1" if name == "taken" else "degrees"
        files[f"models/{name}.sql"] = (
            f"select 'rye' as unique_id, date '2024-01-01' as ds, 1.0 as {column}"
            + (f" from {source}" if source else "")
        )
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    dbt(folder, "deps")
    return folder


def dbt(folder: Path, *command: str) -> dbtRunnerResult:
    """In this process; dbt changes the working directory."""
    places = ["--profiles-dir", str(folder), "--project-dir", str(folder), "--quiet"]
    with contextlib.chdir(folder):
        return dbtRunner().invoke([*command, *places])


@pytest.mark.parametrize("role", ["past", "known_future"])
def test_a_column_may_have_any_name(bakery: Path, role: str) -> None:
    """A keyword, blanks and signs: every statement that names it can be read."""
    names = ["order", "Temp °C", "o'clock"]
    listed = "".join(
        f"      - {{name: {json.dumps(name)}, config: {{meta: {{role: {role}, scaling: log1p}}}}}}"
        "\n"
        for name in names
    )
    keys = "      - {name: unique_id}\n      - {name: ds}\n"
    (bakery / "models" / "odd.yml").write_text(
        f"models:\n  - name: odd\n    columns:\n{keys}{listed}", encoding="utf-8"
    )
    selected = ", ".join(f'1.0 as "{name}"' for name in names)
    (bakery / "models" / "odd.sql").write_text(
        f"select 'rye' as unique_id, date '2024-01-01' as ds, {selected}", encoding="utf-8"
    )
    values = json.dumps({"extra_features": [{"model": "odd"}]})
    models = ["panel_extended", "feature_selection", "feature_catalog", "scaling"]
    done = dbt(bakery, "compile", "--select", *models, "--vars", values)
    assert done.success, messages(done)
    compiled = bakery / "target" / "compiled" / "warehouse_forecaster" / "models" / "features"
    for model_name in models:
        sql = (compiled / f"{model_name}.sql").read_text(encoding="utf-8")
        assert len(duckdb.extract_statements(sql)) == 1
        assert "Temp °C" in sql


@pytest.mark.parametrize("name", CASES)
def test_extra_model(bakery: Path, name: str) -> None:
    message = CASES[name][1]
    values = json.dumps({"extra_features": [{"model": name}]})
    done = dbt(bakery, "compile", "--select", "panel_extended", "scaling", "--vars", values)
    said = " ".join(messages(done).split())
    if message is None:
        assert done.success, said
        compiled = bakery / "target" / "compiled" / "warehouse_forecaster" / "models" / "features"
        assert "degrees" in (compiled / "panel_extended.sql").read_text(encoding="utf-8")
        assert "'degrees' as feature_name" in (compiled / "scaling.sql").read_text(encoding="utf-8")
    else:
        assert not done.success
        assert message in said
        assert name in said
