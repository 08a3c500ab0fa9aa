"""The tiny demo shop from raw tables to forecast tables, through the real commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from forecaster import panel_settings
from forecaster.features import read_panel
from forecaster.held_out import volume_classes
from forecaster.project import Project
from forecaster.warehouse import Warehouse

ROOT = Path(__file__).parents[1]
TRAIN = ["train", "--epochs", "1", "--set", "units=8", "--set", "steps_per_epoch=4"]
PANELS = ["customer_weekly", "item_location_daily", "item_weekly"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the commands run: empty, so that the packaged demo project is used."""
    return tmp_path_factory.mktemp("shop")


def forecast(folder: Path, *arguments: str) -> dict:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "forecaster", *arguments, "--json"]
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


def query(folder: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_from_raw_tables_to_forecast_tables(folder):
    forecast(folder, "demo", "--size", "tiny", "--seed", "3")
    built = forecast(folder, "build")
    assert built["nodes"] > 100
    trained = forecast(folder, *TRAIN)
    assert [run["panel_name"] for run in trained["runs"]] == PANELS
    assert all(run["status"] == "complete" for run in trained["runs"])
    assert all(run["verdict"]["is_champion"] for run in trained["runs"])
    assert all(next(iter(run["scores"].values()))["rmsse"] < 3 for run in trained["runs"])
    statuses = query(folder, "select distinct forecast_status from dev_forecasts.predictions")
    assert {status for (status,) in statuses} <= {"ok", "short_history", "cold_start"}
    live = query(
        folder,
        "select panel_name, count(distinct ds), min(yhat) from dev_marts.fct_forecasts "
        "group by all order by all",
    )
    assert [(panel, periods) for panel, periods, _ in live] == [
        ("customer_weekly", 4),
        ("item_location_daily", 28),
        ("item_weekly", 8),
    ]
    assert all(least >= 0 for *_, least in live)


def test_python_ranks_series_by_volume_as_segments_does(folder, monkeypatch):
    """At every cutoff of every panel: calibration asks at origins that the table does not have."""
    monkeypatch.chdir(folder)
    # a lent project names its warehouse in the environment, where the next test would find it
    monkeypatch.setenv("FORECAST_WAREHOUSE", str(folder / "warehouse.duckdb"))
    warehouse = Warehouse(Project())
    n_compared = 0
    for settings in panel_settings.panels(warehouse):
        panel = read_panel(warehouse, settings, with_derived=False)
        table = query(
            folder,
            "select cutoff, map(list(unique_id), list(volume_class)) from dev_features.segments "
            f"where panel_name = '{settings.panel_name}' group by cutoff",
        )
        for cutoff, expected in table:
            classes = volume_classes(panel.at(np.datetime64(cutoff)))
            found = dict(zip(panel.unique_ids, ("ABC"[one] for one in classes), strict=True))
            assert {series: found[series] for series in expected} == expected
            assert set(expected.values()) == {"A", "B", "C"}
            n_compared += len(expected)
    assert n_compared > 100


def test_nothing_new_trains_nothing_after_another_build(folder):
    forecast(folder, "build")
    again = forecast(folder, *TRAIN)
    assert {run["status"] for run in again["runs"]} == {"unchanged"}


def test_predict_and_backtest(folder):
    predicted = forecast(folder, "predict", "--panel", "item_weekly")
    assert predicted["runs"][0]["model_name"] == "lstm"
    models = ["--model", "seasonal_mean", "--model", "seasonal_naive"]
    tested = forecast(folder, "backtest", "--panel", "item_weekly", *models)
    assert [len(run["scores"]) for run in tested["runs"]] == [3, 3]
    scored = query(
        folder,
        "select count(distinct model_name) from dev_marts.fct_forecast_accuracy "
        "where panel_name = 'item_weekly'",
    )
    assert scored[0][0] >= 3
