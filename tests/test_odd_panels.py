"""Series and panels at the edge of what can be forecast, through the real commands.

One project with three panels on one `demand` input: `odd` (series of one row, of zeros, with any
id), `far` (the same, with a horizon longer than the history) and `net` (signed, by location; what
is below zero there is no demand of the other two).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.boundary import PACKAGE, PROFILE

ROOT = Path(__file__).parents[1]
ALL_ZERO, ONE_ROW, NEW = "zeros", "one row", "sold yesterday"
IDS = ['O\'Neil "Pro" 茶壶 🫖', "a/b\\c", "plain", ALL_ZERO, ONE_ROW, NEW]
DAYS = 48
LAST = dt.date(2026, 2, 17)
SMALL = {
    "linear": [],
    "lstm": ["--epochs", "1", "--set", "units=4", "--set", "steps_per_epoch=2"],
    "lstm_stacked": ["--epochs", "1", "--set", "units=4", "--set", "steps_per_epoch=2"],
    "seasonal_mean": [],
    "seasonal_naive": [],
}


def demand() -> list[tuple[str, dt.date, float, str]]:
    """item, day, quantity, shop."""
    rows: list[tuple[str, dt.date, float, str]] = []
    for n in range(DAYS):
        day = LAST - dt.timedelta(n)
        rows += [(IDS[k], day, 5.0 * (k + 1) + day.weekday() + n % 2, "all") for k in range(3)]
        rows.append((ALL_ZERO, day, 0.0, "all"))
        rows.append((IDS[2], day, -10.0 - day.weekday(), "net"))
    rows.append((ONE_ROW, LAST - dt.timedelta(20), 4.0, "all"))
    rows.append((NEW, LAST, 2.0, "all"))
    return rows


def write_project(folder: Path) -> None:
    shutil.copytree(
        PACKAGE, folder / "dbt_project", ignore=shutil.ignore_patterns("target", "logs")
    )
    (folder / "profiles.yml").write_text(PROFILE)
    path = folder / "dbt_project" / "dbt_project.yml"
    project = yaml.safe_load(path.read_text())
    panel = {"grain": ["item_id"], "frequency": "day", "season_length": 7, "levels": [[]]}
    project["vars"]["warehouse_forecaster"] |= {
        "inputs": {"demand": {"source": ["raw", "demand"], "columns": {"location_id": "shop"}}},
        "panels": [
            panel | {"name": "odd", "horizon": 7, "cutoffs": {"count": 1, "step": 7}},
            panel | {"name": "far", "horizon": 60, "cutoffs": {"count": 1, "step": 7}},
            panel
            | {"name": "net", "horizon": 7, "cutoffs": {"count": 1, "step": 7}}
            | {"grain": ["location_id"], "signed": True},
        ],
    }
    project["unit_tests"] = {"warehouse_forecaster": {"+enabled": False}}
    path.write_text(yaml.safe_dump(project, sort_keys=False))


def forecast(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "forecaster", *arguments, "--json"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    write_project(folder)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.demand (item_id varchar, ds date, quantity double, shop varchar)"
        )
        connection.executemany("insert into raw.demand values (?, ?, ?, ?)", demand())
    result = forecast(folder, "build")
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def query(folder: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def tables(folder: Path) -> dict[str, tuple]:
    """Rows and hash of every table that a command may write."""
    names = query(
        folder,
        "select schema_name || '.' || table_name from duckdb_tables() "
        "where schema_name in ('dev_forecasts', 'dev_marts') order by 1",
    )
    return {
        name: query(folder, f"select count(*), bit_xor(hash(t)) from {name} as t")[0]
        for (name,) in names
    }


STATUSES = {
    "linear": ("short_history", "cold_start"),
    "lstm": ("short_history", "cold_start"),  # its longest window but one is 56 days
    "lstm_stacked": ("ok", "ok"),
    "seasonal_mean": ("ok", "ok"),
    "seasonal_naive": ("ok", "ok"),
}


@pytest.mark.parametrize("model", SMALL)
def test_every_model_forecasts_every_series(folder, model):
    result = forecast(folder, "train", "--model", model, *SMALL[model])
    assert result.returncode == 0, result.stdout + result.stderr
    runs = {run["panel_name"]: run for run in json.loads(result.stdout)["runs"]}
    assert runs["odd"]["notes"] == []
    assert "too short a history" in runs["far"]["notes"][0]
    assert runs["far"]["scores"] == {}
    for panel, horizon in (("odd", 7), ("far", 60)):
        rows = query(
            folder,
            "select unique_id, any_value(forecast_status), count(*), min(yhat), max(yhat) "
            f"from dev_forecasts.predictions where run_id = '{runs[panel]['run_id']}' "
            f"and cutoff = date '{LAST}' and level = 'bottom' group by 1",
        )
        found = {unique_id: values for unique_id, *values in rows}
        status, status_of_zeros = STATUSES[model]
        assert {key: values[0] for key, values in found.items() if key != ONE_ROW} == {
            IDS[0]: status,
            "a\\/b\\\\c": status,
            "plain": status,
            ALL_ZERO: status_of_zeros,
            NEW: "short_history",
        }
        assert found[ONE_ROW][0] in {"ok", "short_history"}
        assert all(n == horizon and 0 <= low <= high < 100 for _, n, low, high in found.values())
        if model != "lstm_stacked":  # after an epoch it knows no series from another
            assert found[ALL_ZERO][3] < 0.01
    if model.startswith("seasonal"):
        below = query(
            folder,
            "select max(yhat) from dev_forecasts.predictions where unique_id = 'net' "
            f"and run_id = '{runs['net']['run_id']}' and cutoff = date '{LAST}'",
        )
        assert below[0][0] < -9


def test_demand_below_zero_is_counted_where_it_is_left_out(folder):
    rows = query(
        folder,
        "select panel_name, reason, n_rows from dev_intermediate.int_panel_exclusions order by 1",
    )
    reason = "negative quantity in a panel that is not signed"
    assert rows == [("far", reason, DAYS), ("odd", reason, DAYS)]
    least = query(
        folder, "select panel_name, min(y) < 0 from dev_features.panel group by all order by 1"
    )
    assert least == [("far", False), ("net", True), ("odd", False)]


def test_a_horizon_longer_than_the_history_has_no_backtest(folder):
    """Said, and the other panels' is done; asked for by name there is nothing to do."""
    result = forecast(folder, "backtest", "--model", "seasonal_mean")
    assert result.returncode == 0, result.stdout + result.stderr
    runs = {run["panel_name"]: run for run in json.loads(result.stdout)["runs"]}
    assert runs["odd"]["status"] == "complete"
    assert runs["far"]["status"] == "skipped"
    assert "too short for a horizon of 60" in runs["far"]["notes"][0]
    before = tables(folder)
    result = forecast(folder, "backtest", "--panel", "far", "--model", "seasonal_mean")
    assert result.returncode == 2
    assert "panel 'far' has no backtest cutoff" in json.loads(result.stdout)["error"]
    assert "horizon" in json.loads(result.stdout)["remedy"]
    assert tables(folder) == before


def test_the_report_and_the_copy_for_bi_take_them(folder):
    """Whatever the ids are, and with a panel that has no accuracy."""
    for command in ("publish", "report"):
        result = forecast(folder, command)
        assert result.returncode == 0, result.stdout + result.stderr
    assert "茶壶" in (folder / "report.html").read_text(encoding="utf-8")
