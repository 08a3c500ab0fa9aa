"""A training that begins from another, one that goes on after a stop, and one that diverges."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from forecaster import champions, checkpoints, registry, run
from forecaster.errors import ForecastError
from forecaster.models.base import EpochRecord, Source, load_model
from forecaster.models.cnn import CNN, CNNSettings
from tests.conftest import make_panel
from tests.test_run import ROOT, contents

pytestmark = pytest.mark.usefixtures("without_marts")
SMALL = {"units": 4, "decoder_units": 4, "steps_per_epoch": 2, "calibration_origins": 1}


def quick(**settings) -> CNN:
    return CNN(CNNSettings(**{**SMALL, "epochs": 3, **settings}))


def test_a_stopped_training_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    """Stopped after two epochs of the validation, and again after one of the refit."""
    panel = make_panel()
    cut, origin = panel.at(panel.cutoff), panel.ds[panel.n_periods - 1 - panel.horizon]
    whole = quick(patience=9, epochs=6)
    expected_fit = whole.fit(cut, origin)
    expected = whole.predict(cut)

    class Stopped(Exception):
        pass

    def stop_at(n: int):
        seen = []

        def report(record: EpochRecord) -> None:
            seen.append(record)
            if len(seen) == n:
                raise Stopped

        return report

    def again() -> CNN:
        model = quick(patience=9, epochs=6)
        model.checkpoints = tmp_path
        # compiled once; a training begins by setting all of it back
        model.trainer, model.shape = whole.trainer, whole.shape
        return model

    assert checkpoints.describe(tmp_path) is None
    for n, place in ((5, "epoch 2 of the validation"), (10, "epoch 1 of the refit")):
        model = again()
        with pytest.raises(Stopped):
            model.fit(cut, origin, stop_at(n))
        assert checkpoints.describe(tmp_path).endswith(place)
    model = again()
    fit = model.fit(cut, origin)
    found = model.predict(cut)
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.quantiles, expected.quantiles)
    np.testing.assert_array_equal(fit.validation.mean, expected_fit.validation.mean)
    assert [(r.epoch, r.split, r.metric_value) for r in fit.history] == [
        (r.epoch, r.split, r.metric_value) for r in expected_fit.history
    ]


def test_a_checkpoint_that_was_torn_is_none(tmp_path):
    file = tmp_path / "key" / "refit.npz"
    checkpoints.write(file, {"state": [np.arange(9.0)]}, {"history": [{"epoch": 1}]})
    arrays, values = checkpoints.read(file)
    np.testing.assert_array_equal(arrays["state"][0], np.arange(9.0))
    assert values == {"history": [{"epoch": 1}]}
    file.write_bytes(file.read_bytes()[:60])
    assert checkpoints.read(file) is None
    old = tmp_path / "old" / "refit.npz"
    checkpoints.write(old, {}, {"history": []})
    os.utime(old, (0, 0))
    checkpoints.forget(tmp_path / "key")
    assert not tmp_path.exists()


def test_begins_with_weights_that_know_no_more_than_they_may(tmp_path):
    """While the validation is watched, with those of the source before its own refit."""
    panel = make_panel()
    earlier, cut = panel.at(panel.ds[-10 - panel.horizon]), panel.at(panel.cutoff)
    source = quick()
    source.fit(earlier, earlier.ds[earlier.n_periods - 1 - panel.horizon])
    (tmp_path / "model").mkdir()
    source.save(tmp_path / "model")
    source = load_model(tmp_path / "model")
    # steps too small to move a weight: what a training ends with is what it began with
    still = quick(epochs=1, learning_rate=1e-12, weight_decay=0)
    still.source = Source("r1", "x", source)
    still.fit(cut, panel.ds[panel.n_periods - 1 - panel.horizon])
    for found, expected in (
        (still.early_weights, source.early_weights),
        (still.weights, source.weights),
    ):
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    assert any((a != b).any() for a, b in zip(source.weights, source.early_weights, strict=True))

    other = quick(units=5)
    other.source = Source("r1", "x", source)
    with pytest.raises(ForecastError, match="other shapes"):
        other.fit(cut, None)
    early = quick()
    early.source = Source("r1", "x", source)
    with pytest.raises(ForecastError, match="r1.*later than the panel's"):
        early.fit(panel.at(panel.ds[50]), None)
    renamed = make_panel()
    renamed.categories["category"][:] = "salt"
    early = quick()
    early.source = Source("r1", "x", source)
    with pytest.raises(ForecastError, match="other categories"):
        early.fit(renamed.at(renamed.cutoff), None)


def test_train_from_a_run(shop, warehouse):
    settings = {**SMALL, "epochs": 1}
    (first,) = run.train(shop, model="cnn", settings=settings)
    (second,) = run.train(shop, model="cnn", settings=settings, source=first.run_id)
    assert second.status == "complete"
    assert second.verdict.is_champion  # the same model with the same settings, trained on
    row = registry.show(warehouse, second.run_id)
    assert json.loads(row["settings"])["from"] == first.run_id
    assert (
        row["settings_fingerprint"]
        == registry.show(warehouse, first.run_id)["settings_fingerprint"]
    )
    (again,) = run.train(shop, model="cnn", settings=settings, source=first.run_id)
    assert (again.status, again.run_id) == ("unchanged", second.run_id)
    (naive,) = run.train(shop, model="seasonal_naive")
    for model, source, why in (
        ("lstm", first.run_id, "is of cnn"),
        ("seasonal_naive", naive.run_id, "learns no weights"),
        ("cnn", "nothing", "no run 'nothing'"),
    ):
        with pytest.raises(ForecastError, match=why):
            run.train(shop, model=model, source=source)


def test_a_diverging_training_stops_with_the_reason_and_leaves_the_champion(shop, warehouse):
    (first,) = run.train(shop, model="seasonal_naive")
    before = contents(warehouse)
    with pytest.raises(ForecastError, match="training diverged: the .* loss of epoch") as error:
        run.train(shop, model="cnn", settings={**SMALL, "learning_rate": 1e30})
    assert "lower learning rate" in error.value.remedy
    assert contents(warehouse) == before
    assert champions.champion(warehouse, "small")["run_id"] == first.run_id
    assert warehouse.rows("select error from {runs} where status = 'failed'")[0][
        "error"
    ].startswith("ForecastError: training diverged")
    assert [path.name for path in Path("artifacts").iterdir()] == [first.run_id]
    (predicted,) = run.predict(shop)
    assert predicted.status == "complete"


def test_a_killed_training_is_gone_on_with(shop, warehouse):
    """Killed after its first epoch; the next command goes on, says so, and leaves nothing."""
    values = {**SMALL, "epochs": 2, "steps_per_epoch": 60}
    pairs = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    process = subprocess.Popen(
        [sys.executable, "-m", "forecaster", "train", "--model", "cnn", *pairs],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 240
    while not list(Path("artifacts").glob(".checkpoints/*/validation.npz")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    (outcome,) = run.train(shop, model="cnn", settings=values)
    assert outcome.status == "complete"
    assert outcome.notes[0].startswith("a training that was stopped goes on after epoch 1")
    assert [row["status"] for row in warehouse.rows("select status from {runs}")] == [
        "abandoned",
        "complete",
    ]
    assert [path.name for path in Path("artifacts").iterdir()] == [outcome.run_id]
