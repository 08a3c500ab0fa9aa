from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster import work
from forecaster.config import RunSettings, model_settings
from forecaster.errors import ForecastError
from forecaster.models.base import load_model
from forecaster.models.linear import Linear
from forecaster.models.linear_local import LinearLocal
from forecaster.models.lstm import LSTM
from forecaster.models.seasonal_mean import SeasonalMean
from forecaster.nodes import fitted_beside
from forecaster.panel import Nodes, Panel
from forecaster.reconciliation import Membership
from forecaster.results import reconciliation_table
from forecaster.trainer import chosen_loss
from tests.conftest import make_panel


@pytest.fixture(scope="module")
def shop() -> Panel:
    """Twelve short series, and the long history of their total, whose promotions are planned."""
    long = make_panel(n_series=12, n_periods=420, seed=7)
    total = dataclasses.replace(
        long,
        name="nodes",
        unique_ids=np.array(["total/total"], object),
        start=np.zeros(1, np.int64),
        y=np.nansum(long.y, axis=0, keepdims=True),
        y_train=np.nansum(long.y, axis=0, keepdims=True),
        stocked_out=np.zeros((1, 420), np.float32),
        weight=np.zeros((1, 420), np.float32),
        past_values=np.zeros((1, 420, 0), np.float32),
        past_names=(),
        future_values=long.future_values[:1].copy(),
        categories={"level": np.array(["total"], object)},
        numbers={},
    )
    first = 420 - 84
    scaling = {day: scales for day, scales in long.scaling.items() if day >= long.ds[first]}
    members = Membership.of(np.zeros(12, int), np.arange(12), (1, 12), np.array(["total"], object))
    return dataclasses.replace(
        long,
        ds=long.ds[first:],
        start=np.maximum(long.start - first, 0),
        y=long.y[:, first:],
        y_train=long.y_train[:, first:],
        stocked_out=long.stocked_out[:, first:],
        weight=long.weight[:, first:],
        past_values=long.past_values[:, first:],
        future_values=long.future_values[:, first:],
        scaling=scaling,
        nodes=Nodes(total, members),
    )


def fitted(model, panel: Panel, cutoff: np.datetime64):
    cut = panel.at(cutoff)
    model.fit(cut, panel.ds[panel.index_of(cutoff) - panel.horizon])
    return model, cut


def test_series_are_brought_nearer_to_the_nodes_forecast(shop):
    model, cut = fitted(LinearLocal(), shop, shop.cutoff)
    alone = fitted(LinearLocal(run=RunSettings(nodes_model="none")), shop, shop.cutoff)[0]
    assert model.nodes is not None
    assert alone.nodes is None
    nodes = model.nodes.model.predict(shop.nodes.panel.at(shop.cutoff)).mean[0]
    before, after = alone.predict(cut).mean.sum(0), model.predict(cut).mean.sum(0)
    if model.nodes.weights.is_used:
        assert np.abs(after - nodes).sum() < np.abs(before - nodes).sum()
    else:
        np.testing.assert_array_equal(after, before)


def test_a_table_says_which_levels_had_a_say(shop):
    model, cut = fitted(LinearLocal(), shop, shop.cutoff)
    (row,) = reconciliation_table(cut, model.predict(cut), model).to_pylist()
    (verdict,) = model.nodes.weights.verdicts
    assert (row["level"], row["n_nodes"], row["nodes_model"]) == ("total", 1, "linear_local")
    assert row["is_used"] == (row["error_of_nodes"] < row["error_of_sums"]) == verdict.is_used
    early = model.fit(cut, shop.ds[shop.n_periods - 1 - shop.horizon]).validation
    assert reconciliation_table(cut, early, model).num_rows == 0


def test_the_total_is_spread_as_its_own_model_errs_about_the_reconciled_mean(shop):
    model, cut = fitted(High(), shop, shop.cutoff)
    assert model.nodes.weights.is_used
    shapes = model.predict(cut).shapes
    assert 0.5 <= shapes.spread <= 2
    mean = model.predict(cut).mean.sum(0, keepdims=True)
    narrow, wide = shapes.about(mean, np.array([0])).at(np.array([0.1, 0.9]))[0].T
    own = shapes.marginals.at(np.array([0.1, 0.9]))[0].T
    assert ((narrow < mean[0]) & (mean[0] < wide)).all()
    ratio = mean[0] / shapes.mean[0]
    np.testing.assert_allclose(wide - narrow, shapes.spread * (own[1] - own[0]) * ratio, atol=2.1)


def test_quantiles_follow_the_mean(shop):
    model, cut = fitted(LinearLocal(), shop, shop.cutoff)
    forecast = model.predict(cut)
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()
    np.testing.assert_array_equal(forecast.quantiles, np.round(forecast.quantiles))


def test_baselines_stay_as_they_are(shop):
    model, _ = fitted(SeasonalMean(), shop, shop.cutoff)
    assert model.nodes is None


def test_models_of_one_panel_share_what_is_fitted_to_its_nodes(shop):
    first, second = (fitted(LinearLocal(), shop, shop.cutoff)[0] for _ in range(2))
    assert second.nodes.model is first.nodes.model
    earlier = shop.ds[shop.n_periods - 8]
    others = [
        fitted(LinearLocal(), shop, earlier)[0],
        fitted(LinearLocal(run=RunSettings(seed=2)), shop, shop.cutoff)[0],
        fitted(LinearLocal(run=RunSettings(nodes_model="linear")), shop, shop.cutoff)[0],
    ]
    assert len({id(model.nodes.model) for model in [first, *others]}) == 4
    alone = fitted(LinearLocal(), dataclasses.replace(shop, nodes=unshared(shop)), shop.cutoff)
    np.testing.assert_array_equal(second.predict(alone[1]).mean, alone[0].predict(alone[1]).mean)


def test_nodes_are_fitted_beside_what_does_not_share_a_seed_with_them(shop):
    for name, n_fits in (("linear_local", 1), ("cnn", 0)):
        own = dataclasses.replace(shop, nodes=unshared(shop))
        cut = own.at(own.cutoff)
        with fitted_beside(RunSettings(nodes_model=name), cut, own.n_periods - own.horizon):
            pass
        assert len(own.nodes.fits) == n_fits


def test_one_loss_is_chosen_though_the_first_fraction_is_in_the_horizon_held_out(shop):
    y = shop.y.copy()
    y[3, -2] = 2.5
    model = LSTM(model_settings(LSTM.Settings, {"epochs": 1, "units": 4}, "lstm"))
    fitted(model, dataclasses.replace(shop, y=y, y_train=y), shop.cutoff)
    assert model.loss == "tweedie"


def test_nodes_that_cannot_be_fitted_are_told_of(shop, monkeypatch):
    """They are fitted in a thread, which nobody listens to."""

    def fails(*_):
        raise ForecastError("no such node", "look for it")

    monkeypatch.setattr(Linear, "learn", fails)
    unfitted = dataclasses.replace(shop, nodes=unshared(shop))
    with pytest.raises(ForecastError, match="no such node"):
        fitted(LinearLocal(run=RunSettings(nodes_model="linear")), unfitted, shop.cutoff)


def test_nodes_are_read_once_and_only_where_a_model_heeds_them(shop, monkeypatch):
    read = []
    monkeypatch.setattr(work, "read_nodes", lambda *_: read.append(1) or shop.nodes)
    bare = dataclasses.replace(shop, nodes=None)
    assert work.with_nodes(None, bare, SeasonalMean()).nodes is None
    assert read == []
    found = work.with_nodes(None, bare, LinearLocal())
    assert found.nodes is shop.nodes
    assert work.with_nodes(None, found, LinearLocal()) is found
    assert read == [1]


def unshared(shop: Panel) -> Nodes:
    """The nodes with nothing fitted to them yet."""
    return Nodes(shop.nodes.panel, shop.nodes.membership)


def test_networks_mean_what_adds_up_where_sums_decide(shop):
    assert chosen_loss("auto", shop) == "negative_binomial"
    halves = dataclasses.replace(shop, y=shop.y / 2)
    assert chosen_loss("auto", halves) == "tweedie"
    assert chosen_loss("auto", dataclasses.replace(shop, nodes=None)) == "rmsse"


def test_the_nodes_model_lies_beside_the_series(shop, tmp_path):
    model, cut = fitted(LinearLocal(), shop, shop.cutoff)
    model.save(tmp_path)
    again = load_model(tmp_path)
    np.testing.assert_array_equal(again.predict(cut).mean, model.predict(cut).mean)
    np.testing.assert_array_equal(again.predict(cut).quantiles, model.predict(cut).quantiles)
    assert again.nodes.spread == model.nodes.spread


class High(LinearLocal):
    """Forecasts so far too high that the nodes have a say."""

    def forecast(self, panel):
        raw = super().forecast(panel)
        return dataclasses.replace(raw, mean=1.5 * raw.mean)


def test_blind_to_what_came_after_the_cutoff(shop):
    """Demand of nodes and series after the cutoff changes no forecast, no calibration and no width
    of the nodes' distributions."""
    cutoff = shop.ds[shop.n_periods - 15]

    def changed(panel: Panel) -> Panel:
        y = panel.y.copy()
        y[:, panel.index_of(cutoff) + 1 :] = 7777.0
        return dataclasses.replace(panel, y=y, y_train=y)

    nodes = Nodes(changed(shop.nodes.panel), shop.nodes.membership)
    found = []
    for panel in (shop, dataclasses.replace(changed(shop), nodes=nodes)):
        model, cut = fitted(High(), panel, cutoff)
        found.append((model, model.predict(cut)))
    (before, forecast), (after, same) = found
    assert before.nodes.weights.is_used
    np.testing.assert_array_equal(forecast.mean, same.mean)
    np.testing.assert_array_equal(forecast.quantiles, same.quantiles)
    assert before.conformal.to_json() == after.conformal.to_json()
    assert before.conformal.n_obs.sum() > 0
    assert before.nodes.spread == after.nodes.spread
