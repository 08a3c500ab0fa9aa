"""Series and panels at the edge of what can be forecast, through what the real commands call.

One project with four panels on one `demand` input: `odd` (series of one row, of zeros, always the
same, with any id), `far` (the same, with a horizon longer than the history), `net` (signed, by
location; what is below zero there is no demand of the others) and `alone` (one series by week, the
only child of its total). The marts are refreshed by the backtest alone, to save time.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from forecaster import run
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.project import Project
from tests.boundary import PACKAGE, PROFILE

ROOT = Path(__file__).parents[1]
ALL_ZERO, ONE_ROW, NEW, CONSTANT = "zeros", "one row", "sold yesterday", "always five"
IDS = ['O\'Neil "Pro" 茶壶 🫖', "a/b\\c", "plain", ALL_ZERO, ONE_ROW, NEW, CONSTANT]
DAYS = 48
LAST = dt.date(2026, 2, 17)
FORKED = {"units": 4, "epochs": 1, "steps_per_epoch": 2, "calibration_origins": 1}
SMALL = {
    "cnn": FORKED,
    "linear": {},
    "linear_local": {},
    "lstm": FORKED,
    "lstm_stacked": {"units": 4, "epochs": 1, "steps_per_epoch": 2},
    "seasonal_mean": {},
    "seasonal_naive": {},
}
NETWORKS = ("cnn", "lstm", "lstm_stacked")


def demand() -> list[tuple[str, dt.date, float, str]]:
    """item, day, quantity, shop."""
    rows: list[tuple[str, dt.date, float, str]] = []
    for n in range(DAYS):
        day = LAST - dt.timedelta(n)
        rows += [(IDS[k], day, 5.0 * (k + 1) + day.weekday() + n % 2, "all") for k in range(3)]
        rows += [(ALL_ZERO, day, 0.0, "all"), (CONSTANT, day, 5.0, "all")]
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
            {"name": "alone", "grain": ["location_id"], "frequency": "week", "horizon": 1}
            | {"season_length": 1, "levels": [[]], "cutoffs": {"count": 1, "step": 1}},
        ],
    }
    project["unit_tests"] = {"warehouse_forecaster": {"+enabled": False}}
    path.write_text(yaml.safe_dump(project, sort_keys=False))


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
    with contextlib.chdir(folder):
        Project().build()
    return folder


@pytest.fixture
def project(folder, monkeypatch) -> Project:
    monkeypatch.chdir(folder)
    return Project()


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
    "cnn": ("short_history", "cold_start"),
    "linear": ("short_history", "cold_start"),
    "linear_local": ("short_history", "cold_start"),
    "lstm": ("short_history", "cold_start"),  # its longest window but one is 56 days
    "lstm_stacked": ("ok", "ok"),
    "seasonal_mean": ("ok", "ok"),
    "seasonal_naive": ("ok", "ok"),
}


@pytest.mark.parametrize("model", SMALL)
@pytest.mark.usefixtures("without_marts")
def test_every_model_forecasts_every_series(folder, project, model):
    panels = ["odd", "far"] if model in NETWORKS else ["odd", "far", "net", "alone"]
    done = {one.panel_name: one for one in run.train(project, panels, model, SMALL[model])}
    assert done["odd"].notes == ()
    assert "too short a history" in done["far"].notes[0]
    assert done["far"].scores == {}
    for panel, horizon in (("odd", 7), ("far", 60)):
        rows = query(
            folder,
            "select unique_id, any_value(forecast_status), count(*), min(yhat), max(yhat) "
            f"from dev_forecasts.predictions where run_id = '{done[panel].run_id}' "
            f"and cutoff = date '{LAST}' and level = 'bottom' group by 1",
        )
        found = {unique_id: values for unique_id, *values in rows}
        status, status_of_zeros = STATUSES[model]
        assert {key: values[0] for key, values in found.items() if key != ONE_ROW} == {
            IDS[0]: status,
            "a\\/b\\\\c": status,
            "plain": status,
            CONSTANT: status,
            ALL_ZERO: status_of_zeros,
            NEW: "short_history",
        }
        assert found[ONE_ROW][0] in {"ok", "short_history"}
        assert all(n == horizon and 0 <= low <= high < 100 for _, n, low, high in found.values())
        if model != "lstm_stacked":  # after an epoch it knows no series from another
            assert found[ALL_ZERO][3] < 0.01
            if panel == "odd":
                assert 3 < found[CONSTANT][2] <= found[CONSTANT][3] < 7
    if "alone" in done:
        nodes = query(
            folder,
            "select level, unique_id, yhat from dev_forecasts.predictions "
            f"where run_id = '{done['alone'].run_id}' order by cutoff desc, level limit 2",
        )
        assert [node[:2] for node in nodes] == [("bottom", "all"), ("total", "total")]
        assert nodes[0][2] == pytest.approx(nodes[1][2])
    if model.startswith("seasonal"):
        below = query(
            folder,
            "select max(yhat) from dev_forecasts.predictions where unique_id = 'net' "
            f"and run_id = '{done['net'].run_id}' and cutoff = date '{LAST}'",
        )
        assert below[0][0] < -9


def test_demand_below_zero_is_counted_where_it_is_left_out(folder):
    rows = query(
        folder,
        "select panel_name, reason, n_rows from dev_intermediate.int_panel_exclusions order by 1",
    )
    reason = "negative quantity in a panel that is not signed"
    assert [row for row in rows if row[1] == reason] == [
        (panel, reason, DAYS) for panel in ("alone", "far", "odd")
    ]
    least = query(
        folder, "select panel_name, min(y) < 0 from dev_features.panel group by all order by 1"
    )
    assert least == [("alone", False), ("far", False), ("net", True), ("odd", False)]


def test_a_horizon_longer_than_the_history_has_no_backtest(folder, project):
    """Said, and the other panels' is done; asked for by name there is nothing to do."""
    done = {one.panel_name: one for one in run.backtest(project, (), ["seasonal_mean"])}
    assert done["odd"].status == done["alone"].status == "complete"
    assert done["far"].status == "skipped"
    assert "too short for a horizon of 60" in done["far"].notes[0]
    before = tables(folder)
    with pytest.raises(ForecastError, match="panel 'far' has no backtest cutoff") as error:
        run.backtest(project, ["far"], ["seasonal_mean"])
    assert error.value.exit_code == BAD_INPUT
    assert "horizon" in error.value.remedy
    assert tables(folder) == before


def test_the_report_and_the_copy_for_bi_take_them(folder):
    """Whatever the ids are, and with a panel that has no accuracy."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command in ("publish", "report"):
        result = subprocess.run(
            [sys.executable, "-m", "forecaster", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
    assert "茶壶" in (folder / "report.html").read_text(encoding="utf-8")
