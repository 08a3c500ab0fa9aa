"""The search of settings: what it may see, what it writes, and that it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forecaster import registry, run
from forecaster.errors import ForecastError
from forecaster.tune_run import best_settings
from tests.conftest import execute

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.usefixtures("without_marts")
SEARCHED = "tests.searched_models"


def trials(warehouse, run_id) -> list[dict]:
    return warehouse.rows(
        "select * from {trials} where run_id = $run_id order by trial, parameter_name",
        run_id=run_id,
    )


def test_trials_are_rows_and_the_best_can_be_used(shop, warehouse):
    (outcome,) = run.tune(shop, model="seasonal_mean", trials=4)
    rows = trials(warehouse, outcome.run_id)
    assert [row["trial"] for row in rows] == [0, 1, 2, 3]
    assert rows[0]["parameter_value"] == "4"  # the default is tried first
    assert {str(row["cutoff"]) for row in rows} == {"2024-03-03"}  # a horizon before the backtests
    best = min(rows, key=lambda row: (row["value"], row["trial"]))
    assert f"--set n_seasons={best['parameter_value']}" in outcome.notes[1]
    assert best_settings(warehouse, "small", "seasonal_mean") == {
        "n_seasons": int(best["parameter_value"])
    }
    (trained,) = run.train(shop, model="seasonal_mean", tuned=True)
    settings = registry.show(warehouse, trained.run_id)["settings"]
    assert f'"n_seasons": {best["parameter_value"]}' in settings
    (given,) = run.train(shop, model="seasonal_mean", settings={"n_seasons": 9}, tuned=True)
    assert '"n_seasons": 9' in registry.show(warehouse, given.run_id)["settings"]
    (again,) = run.tune(shop, model="seasonal_mean", trials=4)
    assert (again.status, again.run_id) == ("unchanged", outcome.run_id)
    (more,) = run.tune(shop, model="seasonal_mean", trials=5)
    assert trials(warehouse, more.run_id)[:4] == [row | {"run_id": more.run_id} for row in rows]
    assert len(trials(warehouse, more.run_id)) == 5


def test_a_trial_is_judged_by_the_metric_of_the_tables(shop, warehouse):
    """Without backtests it is judged where the validation of `train` is."""
    execute(warehouse, "update dev_features.cutoffs set is_backtest = false")
    (outcome,) = run.tune(shop, model="seasonal_mean", trials=1)
    (trained,) = run.train(shop, model="seasonal_mean")
    assert trials(warehouse, outcome.run_id)[0]["value"] == pytest.approx(
        trained.scores["2024-03-17"]["rmsse"], rel=1e-5
    )


def test_what_backtests_report_is_not_looked_at(shop, warehouse):
    (before,) = run.tune(shop, model="seasonal_mean", trials=2)
    execute(
        warehouse,
        "update dev_features.panel_extended set y = 99, y_train = 99 where ds > date '2024-03-10'",
    )
    (after,) = run.tune(shop, model="seasonal_mean", trials=2)
    assert after.status == "complete"
    one, other = (
        [(r["parameter_value"], r["value"]) for r in trials(warehouse, o.run_id)]
        for o in (before, after)
    )
    assert one == other


def test_a_search_that_is_killed_goes_on(shop, warehouse):
    arguments = ["tune", "--model", SEARCHED, "--trials", "5"]
    process = subprocess.Popen(
        [sys.executable, "-m", "forecaster", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SLOW": "1"},
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 120
    while not Path("begun").exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    (outcome,) = run.tune(shop, model=SEARCHED, trials=5)
    rows = trials(warehouse, outcome.run_id)
    statuses = [row["status"] for row in rows if row["parameter_name"] == "loss"]
    assert statuses[2] == "stopped"
    assert len(statuses) == 6
    assert "stopped" not in statuses[:2] + statuses[3:]
    assert len(Path("trials").read_text()) == 6  # two before, the one cut off, three after
    settings = {t: [r["parameter_value"] for r in rows if r["trial"] == t] for t in (2, 3)}
    assert settings[3] == settings[2]
    told = warehouse.rows("select status from {runs} order by started_at")
    assert [row["status"] for row in told] == ["abandoned", "complete"]


def test_a_bad_trial_is_pruned(shop, warehouse):
    (outcome,) = run.tune(shop, model=SEARCHED, trials=15)
    rows = [r for r in trials(warehouse, outcome.run_id) if r["parameter_name"] == "loss"]
    pruned = [row for row in rows if row["status"] == "pruned"]
    assert pruned
    assert all(row["value"] is None and float(row["parameter_value"]) > 1 for row in pruned)


def test_what_cannot_be_tuned_says_why(shop, monkeypatch):
    with pytest.raises(ForecastError, match="has not been tuned") as error:
        run.train(shop, model="seasonal_mean", tuned=True)
    assert error.value.remedy == "run `forecast tune --panel small --model seasonal_mean`"
    with pytest.raises(ForecastError, match="nothing to search for besides"):
        run.tune(shop, model="seasonal_mean", settings={"n_seasons": 3})
    with pytest.raises(ForecastError, match="nothing to search for"):
        run.tune(shop, model="seasonal_naive")
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ForecastError, match="needs the library optuna") as error:
        run.tune(shop, model="seasonal_mean")
    assert "[tune]" in error.value.remedy
