from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster import checkpoints
from forecaster.errors import ForecastError
from forecaster.fingerprints import fingerprints
from forecaster.models.base import EpochRecord
from forecaster.models.ensemble import least_squares_weights
from forecaster.work import make_model
from tests.conftest import make_panel
from tests.models.model_checks import (
    check_blind_to_future,
    check_forecast,
    check_same_after_loading,
    fitted,
)

SMALL = {
    "members": ["cnn", "linear"],
    "member_settings": {
        "cnn": {
            "units": 4,
            "decoder_units": 4,
            "epochs": 2,
            "steps_per_epoch": 2,
            "calibration_origins": 1,
        }
    },
}
PLAIN = {"members": ["seasonal_mean", "seasonal_naive"]}
PANEL = make_panel()


ORIGIN = PANEL.ds[PANEL.n_periods - 1 - PANEL.horizon]


@pytest.fixture(scope="module")
def whole():
    """A fitted ensemble, and what fitting left."""
    model = make_model("ensemble", SMALL)
    return model, model.fit(PANEL.at(PANEL.cutoff), ORIGIN)


def test_averages_its_members_level_by_level_and_is_the_same_after_loading(whole, tmp_path):
    model, panel = whole[0], PANEL
    forecast = model.predict(panel.at(panel.cutoff))
    check_forecast(forecast, panel, len(model.run.quantiles))
    cut = panel.at(panel.cutoff, model.encoding)
    mean, _, marginals = model.distribution(cut)
    parts = [member.distribution(cut) for member in model.members]
    assert model.weights.sum() == pytest.approx(1)
    assert (model.weights > 0.2).all()  # half of each weight is equal
    expected = sum(w * part[0] for w, part in zip(model.weights, parts, strict=True))
    np.testing.assert_allclose(mean, expected, rtol=1e-5)
    expected = sum(w * part[2].values for w, part in zip(model.weights, parts, strict=True))
    np.testing.assert_allclose(marginals.values, expected, rtol=1e-5)
    check_same_after_loading(model, panel, forecast, tmp_path)


def test_blind_to_future():
    panel = make_panel(n_series=5)
    check_blind_to_future(lambda: make_model("ensemble", PLAIN), panel, panel.ds[70])


def test_epochs_are_told_by_member_and_each_refit_takes_its_own(whole):
    model, fit = whole
    names = {record.metric_name for record in fit.history}
    assert names == {"cnn loss", "linear loss"}
    for member, best in zip(model.members, model.best_epochs, strict=True):
        losses = {
            record.epoch: record.metric_value
            for record in fit.history
            if (record.metric_name, record.split) == (f"{member.name} loss", "validation")
        }
        assert best == min(losses, key=losses.get)


def test_the_weights_lean_to_the_member_that_was_better(panel):
    """One member forecasts the mean of noise, the other repeats its last season."""
    rng = np.random.default_rng(0)
    y = rng.poisson(10, panel.y.shape).astype(np.float32)
    noise = dataclasses.replace(
        panel, y=y, y_train=y, stocked_out=np.zeros_like(y), start=np.zeros(len(y), np.int64)
    )
    model, _ = fitted(make_model("ensemble", PLAIN), noise)
    assert model.weights[0] > 0.7
    alone, _ = fitted(make_model("ensemble", {**PLAIN, "shrinkage": 1.0}), noise)
    np.testing.assert_array_equal(alone.weights, [0.5, 0.5])


def test_weights_of_least_squares():
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(2, 10_000)) * np.array([[1.0], [2.0]])
    np.testing.assert_allclose(least_squares_weights(errors @ errors.T), [0.8, 0.2], atol=0.02)
    both = np.stack([errors[0], 3 * errors[0] + errors[1]])  # the second only adds noise
    np.testing.assert_allclose(least_squares_weights(both @ both.T), [1, 0])
    np.testing.assert_allclose(least_squares_weights(np.zeros((3, 3))), [1 / 3] * 3)


def test_what_an_ensemble_cannot_be_is_refused():
    for members in (["lstm"], ["lstm", "lstm"], ["lstm", "ensemble"]):
        with pytest.raises(ForecastError, match="two or more models"):
            make_model("ensemble", {"members": members})
    with pytest.raises(ForecastError, match="no model 'prophet'"):
        make_model("ensemble", {"members": ["lstm", "prophet"]})
    with pytest.raises(ForecastError, match="cnn has no setting 'depth'"):
        make_model("ensemble", {**SMALL, "member_settings": {"cnn": {"depth": 3}}})
    with pytest.raises(ForecastError, match="'cnn' is no member"):
        make_model("ensemble", {**PLAIN, "member_settings": {"cnn": {}}})


def test_a_member_s_code_and_settings_are_the_ensemble_s(monkeypatch):
    from forecaster import fingerprints as module

    first = fingerprints(make_model("ensemble", PLAIN), "features")
    other = fingerprints(make_model("ensemble", {"members": PLAIN["members"][::-1]}), "features")
    assert first.settings != other.settings
    plain = module.code_fingerprint
    monkeypatch.setattr(
        module,
        "code_fingerprint",
        lambda kind: plain(kind) + ("changed" if kind.__name__ == "SeasonalNaive" else ""),
    )
    assert fingerprints(make_model("ensemble", PLAIN), "features").code != first.code


def test_a_stopped_training_goes_on_in_the_member_it_was_in(whole, tmp_path):
    cut, compiled = PANEL.at(PANEL.cutoff), whole[0].members[0]

    def again():
        model = make_model("ensemble", SMALL)
        model.checkpoints = tmp_path
        # compiled once; a training begins by setting all of it back
        model.members[0].trainer, model.members[0].shape = compiled.trainer, compiled.shape
        return model

    class Stopped(Exception):
        pass

    def stop(record: EpochRecord) -> None:
        if (record.metric_name, record.epoch) == ("linear loss", 1):
            raise Stopped

    with pytest.raises(Stopped):
        again().fit(cut, ORIGIN, stop)
    assert checkpoints.describe(tmp_path).endswith("epoch 2 of the validation of cnn")
    model, seen = again(), []
    model.fit(cut, ORIGIN, seen.append)
    assert "cnn loss" not in {record.metric_name for record in seen if record.split != "train"}
    expected = whole[0].predict(cut).quantiles
    np.testing.assert_array_equal(model.predict(cut).quantiles, expected)


def test_its_time_is_that_of_its_members():
    lstm, linear = (make_model(name, {}).seconds(1000, 3) for name in ("lstm", "linear"))
    assert lstm and linear
    assert make_model("ensemble", {}).seconds(1000, 3) == pytest.approx(lstm + linear)
    # measured on M5: 17 s; of more series no more rows are learned from
    assert make_model("linear", {}).seconds(30_490) == pytest.approx(17, rel=0.1)
    assert make_model("linear", {}).seconds(60_980) < 30
    of_unknown = {"members": ["lstm", "lstm_stacked"]}
    assert make_model("ensemble", of_unknown).seconds(1000) is None
