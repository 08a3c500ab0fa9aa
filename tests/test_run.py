from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from forecaster import champions, evidence, registry, run
from forecaster.errors import ForecastError
from forecaster.warehouse import Warehouse
from tests.conftest import execute

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.usefixtures("without_marts")
RESULTS = ("predictions", "quantiles", "metrics", "training_history", "model_promotions")


def counts(warehouse: Warehouse) -> dict[str, int]:
    return {
        name: warehouse.rows(f"select count(*) as n from {{{name}}}")[0]["n"] for name in RESULTS
    }


def contents(warehouse: Warehouse) -> dict[str, list[dict]]:
    """Rows and hash of all that a run writes but its own row."""
    query = "select count(*) as n, cast(bit_xor(hash(t)) as varchar) as hash from {{{}}} as t"
    return {name: warehouse.rows(query.format(name)) for name in RESULTS}


def statuses(warehouse: Warehouse) -> list[str]:
    return [r["status"] for r in warehouse.rows("select status from {runs} order by started_at")]


def test_train_writes_the_validation_and_the_live_forecast(shop, warehouse):
    (outcome,) = run.train(shop, model="seasonal_mean")
    rows = warehouse.rows(
        "select cutoff, level, count(*) as n, min(yhat_upper - yhat_lower) as width "
        "from {predictions} group by all order by cutoff, level"
    )
    live, origin = "2024-03-24", "2024-03-17"
    assert [(str(r["cutoff"]), r["level"], r["n"]) for r in rows] == [
        (origin, "bottom", 11 * 7),  # one series had not begun
        (origin, "total", 7),
        (live, "bottom", 12 * 7),
        (live, "total", 7),
    ]
    assert outcome.n_rows == sum(r["n"] for r in rows)
    assert rows[0]["width"] >= 0
    assert list(outcome.scores) == [origin]
    assert 0 < outcome.scores[origin]["rmsse"] < 2
    total = warehouse.rows(
        "select sum(yhat) filter (level = 'total') as top, sum(yhat) filter (level = "
        "'bottom') as bottom "
        "from {predictions}"
    )[0]
    assert total["top"] == pytest.approx(total["bottom"])
    stored = registry.show(warehouse, outcome.run_id)
    assert stored["status"] == "complete"
    assert stored["pid"] == os.getpid()
    assert stored["seconds"] > 0
    assert stored["artifact_path"] == f"artifacts/{outcome.run_id}"
    assert champions.champion(warehouse, "small")["run_id"] == outcome.run_id


def test_nothing_new_trains_nothing(shop, warehouse):
    (first,) = run.train(shop, model="seasonal_mean")
    before = counts(warehouse)
    (again,) = run.train(shop, model="seasonal_mean")
    assert (again.status, again.run_id) == ("unchanged", first.run_id)
    assert counts(warehouse) == before
    (forced,) = run.train(shop, model="seasonal_mean", force=True)
    assert forced.status == "complete"
    (other,) = run.train(shop, model="seasonal_mean", settings={"n_seasons": 8})
    assert other.status == "complete"
    execute(warehouse, "update dev_features.panel_extended set y = y + 1 where period_index = 5")
    (newer,) = run.train(shop, model="seasonal_mean")
    assert newer.status == "complete"


def test_predict_uses_the_champion_as_it_was_trained(shop, warehouse):
    (trained,) = run.train(shop, model="seasonal_mean", settings={"n_seasons": 2})
    (predicted,) = run.predict(shop)
    stored = registry.show(warehouse, predicted.run_id)
    assert stored["model_run_id"] == trained.run_id
    different = warehouse.rows(
        "select count(*) as n from {predictions} as a join {predictions} as b "
        "using (level, unique_id, cutoff, ds) where a.run_id = $trained and b.run_id = $predicted "
        "and a.yhat <> b.yhat",
        trained=trained.run_id,
        predicted=predicted.run_id,
    )
    assert different[0]["n"] == 0
    assert predicted.n_rows == 13 * 7


def test_predict_without_a_model(shop):
    with pytest.raises(ForecastError, match="no trained model") as error:
        run.predict(shop)
    assert error.value.remedy == "run `forecast train --panel small`"


@pytest.mark.parametrize("harm", ["missing", "damaged", "other"])
def test_a_model_that_is_not_what_was_saved_is_refused(shop, warehouse, harm):
    (outcome,) = run.train(shop, model="seasonal_mean")
    folder = Path("artifacts") / outcome.run_id
    if harm == "missing":
        folder.rename("elsewhere")
    elif harm == "damaged":
        (folder / "model.json").write_text("{")
    else:
        (folder / "more.json").write_text("{}")
    before = counts(warehouse)
    with pytest.raises(ForecastError, match=outcome.run_id) as error:
        run.predict(shop)
    assert "forecast train" in error.value.remedy
    assert counts(warehouse) == before
    assert statuses(warehouse) == ["complete"]


def test_a_run_that_is_complete_keeps_its_model(shop, warehouse, monkeypatch):
    """The work fails after its results were written: when they are read again."""

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(registry, "scores", interrupt)
        run.train(shop, model="seasonal_mean")
    assert statuses(warehouse) == ["complete"]
    (predicted,) = run.predict(shop)
    assert predicted.status == "complete"


def test_backtest_scores_every_cutoff(shop, warehouse):
    outcomes = run.backtest(shop, models=["seasonal_naive", "seasonal_mean"])
    assert [list(o.scores) for o in outcomes] == [["2024-03-10", "2024-03-17"]] * 2
    assert champions.stack(warehouse, "small") == []
    found = evidence.read_evidence(warehouse, "small")
    assert sorted(set(found.cutoffs.astype(str))) == ["2024-03-10", "2024-03-17"]
    for place, outcome in ((0, outcomes[1]), (1, outcomes[0])):
        assert found.candidates[place].model_name == outcome.model_name
        mean = np.nanmean(found.rmsse[found.cutoffs.astype(str) == "2024-03-10", place])
        assert mean == pytest.approx(outcome.scores["2024-03-10"]["rmsse"])
    again = run.backtest(shop, models=["seasonal_naive", "seasonal_mean"])
    assert [o.status for o in again] == ["unchanged", "unchanged"]


def test_a_challenger_needs_a_better_backtest(shop, warehouse):
    run.train(shop, model="seasonal_naive")
    (challenger,) = run.train(shop, model="seasonal_mean")
    assert not challenger.verdict.is_champion
    run.backtest(shop, models=["seasonal_naive", "seasonal_mean"])
    (better,) = run.train(shop, model="seasonal_mean", force=True)
    assert better.verdict.is_champion
    assert "mean RMSSE" in better.verdict.reason
    (worse,) = run.train(shop, model="seasonal_naive", force=True)
    assert not worse.verdict.is_champion
    (same,) = run.train(shop, model="seasonal_mean", force=True)
    assert same.verdict.is_champion
    assert champions.champion(warehouse, "small")["run_id"] == same.run_id


def test_a_champion_without_its_model_is_replaced(shop, warehouse):
    (first,) = run.train(shop, model="seasonal_naive")
    (Path("artifacts") / first.run_id / "model.json").unlink()
    (second,) = run.train(shop, model="seasonal_mean")
    assert second.verdict.reason == "the champion's model is missing or damaged"
    assert run.predict(shop)[0].status == "complete"


def test_run_serves_what_is_best(shop, warehouse):
    """A baseline that beats the model in the backtests becomes champion."""
    outcomes = run.run_all(shop, model="seasonal_mean", settings={"n_seasons": 12})
    scores = {
        o.model_name: sum(s["rmsse"] for s in o.scores.values())
        for o in outcomes
        if o.kind == "backtest"
    }
    best = min(scores, key=lambda name: scores[name])
    assert champions.champion(warehouse, "small")["model_name"] == best
    again = run.run_all(shop, model="seasonal_mean", settings={"n_seasons": 12})
    assert {o.status for o in again} == {"unchanged"}


@pytest.mark.parametrize(
    ("change", "words"),
    [("frequency = 'week'", "frequency day"), ("season_length = 1", "season_length 7")],
)
def test_a_panel_that_is_not_what_its_model_was_trained_for(shop, warehouse, change, words):
    run.train(shop, model="seasonal_mean")
    execute(warehouse, f"update dev_features.settings set {change}")
    before = counts(warehouse)
    with pytest.raises(ForecastError, match=words) as error:
        run.predict(shop)
    assert "forecast train" in error.value.remedy
    assert counts(warehouse) == before


def test_other_settings_make_a_challenger(shop, warehouse):
    """A quick trial does not push out a champion that took hours."""
    run.train(shop, model="seasonal_mean")
    trial = {"n_seasons": 1}
    (outcome,) = run.train(shop, model="seasonal_mean", settings=trial)
    assert not outcome.verdict.is_champion
    run.backtest(shop, models=["seasonal_mean"])
    run.backtest(shop, models=["seasonal_mean"], settings=trial)
    (worse,) = run.train(shop, model="seasonal_mean", settings=trial, force=True)
    assert not worse.verdict.is_champion
    (better,) = run.train(shop, model="seasonal_mean", force=True)
    assert champions.champion(warehouse, "small")["run_id"] == better.run_id


def test_a_reason_that_only_sounds_like_a_roll_back(shop, warehouse):
    ids = [run.train(shop, model="seasonal_naive", force=True)[0].run_id for _ in range(3)]
    run.promote(shop, ids[0], "roll-back from the Christmas model")
    assert [row["run_id"] for row in champions.stack(warehouse, "small")] == [*ids, ids[0]]


def test_promotion_and_roll_back_are_rows(shop, warehouse):
    ids = [run.train(shop, model="seasonal_naive", force=True)[0].run_id for _ in range(3)]
    assert run.roll_back(shop, "small")["run_id"] == ids[1]
    assert run.roll_back(shop, "small")["run_id"] == ids[0]
    with pytest.raises(ForecastError, match="no earlier champion"):
        run.roll_back(shop, "small")
    run.promote(shop, ids[2], "by hand")
    assert champions.champion(warehouse, "small")["run_id"] == ids[2]
    assert run.roll_back(shop, "small")["run_id"] == ids[0]
    assert counts(warehouse)["model_promotions"] == 7
    with pytest.raises(ForecastError, match="no run 'x'"):
        run.promote(shop, "x", "by hand")


def test_failed_work_leaves_a_failed_run_and_nothing_else(shop, warehouse):
    before = counts(warehouse)
    with pytest.raises(RuntimeError, match="no luck"):
        run.train(shop, model="tests.broken_model")
    assert counts(warehouse) == before
    (row,) = warehouse.rows("select status, error from {runs}")
    assert row == {"status": "failed", "error": "RuntimeError: no luck today"}
    assert not Path("artifacts").exists() or not any(Path("artifacts").iterdir())


@pytest.mark.parametrize(
    ("stop", "command"),
    [
        (signal.SIGKILL, "train"),
        (signal.SIGKILL, "predict"),
        (signal.SIGINT, "train"),
        (signal.SIGTERM, "train"),
    ],
)
def test_a_command_stopped_in_the_middle(shop, warehouse, stop, command):
    run.train(shop, model="tests.slow_model")
    before = contents(warehouse)
    arguments = ["train", "--model", "tests.slow_model", "--force"]
    arguments = arguments if command == "train" else ["predict"]
    slow = "learn" if command == "train" else "forecast"
    process = subprocess.Popen(
        [sys.executable, "-m", "forecaster", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SLOW": slow},
        stderr=subprocess.PIPE,
        # a shell script ignores interrupts in what it starts with `&`; a terminal does not
        preexec_fn=ignore_interrupts if stop == signal.SIGTERM else heed_interrupts,  # noqa: PLW1509
    )
    deadline = time.monotonic() + 120
    while not Path("begun").exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert statuses(warehouse)[-1] == "running"  # and the warehouse is not locked meanwhile
    process.send_signal(stop)
    process.wait(60)
    assert process.returncode == (-9 if stop == signal.SIGKILL else 130)
    assert contents(warehouse) == before
    (again,) = run.train(shop, model="tests.slow_model")
    assert again.status == "unchanged"
    assert statuses(warehouse)[1] == ("abandoned" if stop == signal.SIGKILL else "failed")
    assert contents(warehouse) == before


def heed_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_two_trains_at_once(shop, warehouse):
    """They wait for each other where they write; both are complete and one is champion."""
    command = [sys.executable, "-m", "forecaster", "train", "--model"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen([*command, model], env=environment, stderr=subprocess.PIPE, text=True)
        for model in ("seasonal_naive", "seasonal_mean")
    ]
    errors = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert statuses(warehouse) == ["complete", "complete"]
    assert len(champions.stack(warehouse, "small")) == 1


def test_history_shorter_than_two_horizons(shop, warehouse):
    execute(
        warehouse,
        "delete from dev_features.cutoffs where not is_live; "
        "delete from dev_features.scaling where cutoff < date '2024-03-24'",
    )
    (outcome,) = run.train(shop, model="seasonal_mean")
    assert outcome.n_rows > 0
    assert "too short" in outcome.notes[0]
    with pytest.raises(ForecastError, match="no backtest cutoff"):
        run.backtest(shop, models=["seasonal_mean"])


def test_paths_of_a_validation_are_not_those_of_a_network_that_has_learned_it(shop, warehouse):
    """Nor could they be: the refit knows a category that came after the validation's cutoff."""
    latest = "unique_id = (select arg_max(unique_id, first) from (select unique_id, min(ds) as "
    latest += "first from dev_features.panel_extended where y is not null group by unique_id))"
    execute(warehouse, f"update dev_features.series set category = 'brand new' where {latest}")
    settings = {"units": 4, "decoder_units": 4, "epochs": 1, "steps_per_epoch": 2, "samples": 20}
    (outcome,) = run.train(shop, model="vae", settings=settings)
    assert outcome.n_rows > 0
