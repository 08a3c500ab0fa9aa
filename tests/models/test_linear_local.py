from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster.holidays import Holidays
from forecaster.local_design import LocalDesign
from forecaster.models.linear_local import LinearLocal
from forecaster.models.seasonal_mean import SeasonalMean
from tests.conftest import make_panel
from tests.models.model_checks import (
    check_blind_to_future,
    check_forecast,
    check_same_after_loading,
    fitted,
)


@pytest.fixture(scope="module")
def long_panel():
    """Two years and a half, so that the year before is known."""
    return make_panel(n_series=4, n_periods=900, seed=3)


def test_forecast_and_what_is_saved(panel, tmp_path):
    model, forecast = fitted(LinearLocal(), panel)
    check_forecast(forecast, panel, len(model.run.quantiles))
    check_same_after_loading(model, panel, forecast, tmp_path)


def test_signed_demand(tmp_path):
    panel = make_panel(signed=True)
    model, forecast = fitted(LinearLocal(), panel)
    check_forecast(forecast, panel, len(model.run.quantiles))
    assert (forecast.quantiles < 0).any()


@pytest.mark.parametrize(("frequency", "season"), [("week", 1), ("week", 52), ("month", 12)])
def test_other_frequencies(frequency, season):
    panel = dataclasses.replace(make_panel(season_length=season), frequency=frequency)
    model, forecast = fitted(LinearLocal(), panel)
    check_forecast(forecast, panel, len(model.run.quantiles))


def test_each_series_learns_its_own_effect_of_a_covariate(long_panel):
    """Promotions double the demand of one series and do nothing to another."""
    y = long_panel.y.copy()
    promoted = long_panel.future_values[:, : long_panel.n_periods, 0] > 0
    weekday = 10 + 2.0 * (np.arange(long_panel.n_periods) % 7)
    y[2], y[3] = weekday * (1 + promoted[2]), weekday
    known = dataclasses.replace(long_panel, y=y, y_train=y)
    known = dataclasses.replace(known, start=np.zeros(4, np.int64))
    model, forecast = fitted(LinearLocal(), known)
    effect = model.weights[:, model.names.index("is_promoted")]
    assert effect[2] > 0.7
    assert abs(effect[3]) < 0.05
    ahead = known.future_values[2, known.n_periods :, 0] > 0
    expected = (10 + 2.0 * (np.arange(900, 907) % 7)) * (1 + ahead)
    np.testing.assert_allclose(forecast.mean[2], expected, rtol=0.15)


def test_better_than_the_seasonal_mean_where_covariates_matter():
    panel = make_panel(n_series=24, n_periods=500, horizon=28, seed=5)
    cut = panel.at(panel.ds[panel.n_periods - 29])
    errors = {}
    for model in (LinearLocal(), SeasonalMean()):
        model.fit(cut, None)
        error = model.predict(cut).mean[2:22] - panel.y[2:22, cut.n_periods :]
        errors[model.name] = np.mean(error**2)
    assert errors["linear_local"] < 0.8 * errors["seasonal_mean"]


def test_a_new_series_has_the_effects_that_all_have(long_panel):
    """Of itself it says its level and profile alone: promotions double the demand of all others."""
    promoted = long_panel.future_values[:, : long_panel.n_periods, 0] > 0
    y = ((10 + 2.0 * (np.arange(long_panel.n_periods) % 7)) * (1 + promoted)).astype(np.float32)
    known = dataclasses.replace(long_panel, y=y, y_train=y, start=np.zeros(4, np.int64))
    model, _ = fitted(LinearLocal(), known)
    assert model.pooled[model.names.index("is_promoted")] > 0.7
    cut = known.at(known.cutoff, model.encoding)
    renamed = dataclasses.replace(cut, unique_ids=np.array([f"new {i}" for i in range(4)], object))
    ahead = known.future_values[:, known.n_periods :, 0] > 0
    expected = (10 + 2.0 * (np.arange(900, 907) % 7)) * (1 + ahead)
    np.testing.assert_allclose(model.predict(renamed).mean, expected, rtol=0.35)


def test_a_series_of_few_origins_leans_on_all(long_panel):
    """Its promotions triple what it sells, of all others they double it; it began lately."""
    promoted = long_panel.future_values[:, : long_panel.n_periods, 0] > 0
    y = (20.0 * (1 + promoted)).astype(np.float32)
    y[0] = 20.0 * (1 + 2 * promoted[0])
    start = np.zeros(4, np.int64)
    effect = {}
    for begun in (0, 830):
        y[0, :begun], start[0] = np.nan, begun
        model, _ = fitted(
            LinearLocal(), dataclasses.replace(long_panel, y=y, y_train=y, start=start)
        )
        effect[begun] = model.weights[0, model.names.index("is_promoted")]
    assert effect[830] < effect[0] - 0.2
    assert effect[830] > 0.5


def test_blind_to_what_comes_after_the_cutoff(panel):
    check_blind_to_future(LinearLocal, panel, panel.ds[panel.n_periods - 15])


def test_columns_have_names(panel):
    design = LocalDesign(panel.at(panel.cutoff), ("Feast",))
    rows = design.rows(3, np.array([40, 50]))
    assert rows.x.shape == (2, panel.horizon, len(design.names))
    assert len(set(design.names)) == len(design.names)


def yearly(name: str, periods: list[int], n_series: int) -> Holidays:
    """A holiday on these periods, for all series."""
    zeros = np.zeros(len(periods), np.int64)
    shares = np.ones(len(periods), np.float32)
    return Holidays((name,), np.zeros(n_series, np.int64), zeros, np.array(periods), zeros, shares)


def test_a_holiday_has_the_effect_it_had_before_and_so_have_the_days_beside_it(long_panel):
    """Shut on the day and twice the demand the day before; the third one lies ahead."""
    days = [170, 535, 902]
    y = np.full_like(long_panel.y, 20.0)
    y[:, days[:2]], y[:, [day - 1 for day in days[:2]]] = 0.0, 40.0
    start = np.zeros(4, np.int64)
    panel = dataclasses.replace(
        long_panel, y=y, y_train=y, start=start, holidays=yearly("Feast", days, 4)
    )
    model, forecast = fitted(LinearLocal(), panel)
    assert "Feast -1" in model.names
    usual = forecast.mean[:, [0, 4, 5, 6]].mean()
    assert (forecast.mean[:, 2] < 0.4 * usual).all()
    assert (forecast.mean[:, 1] > 1.5 * usual).all()


def test_a_holiday_never_seen_has_no_effect(long_panel):
    zeros = np.zeros(4, np.int64)
    known = dataclasses.replace(long_panel, start=zeros)
    ahead = dataclasses.replace(known, holidays=yearly("New", [902], 4))
    np.testing.assert_array_equal(
        fitted(LinearLocal(), ahead)[1].mean, fitted(LinearLocal(), known)[1].mean
    )


def test_series_that_no_longer_sell_say_nothing_of_what_all_have_in_common(long_panel):
    """Promotions double the demand of two of four; the others ended years ago, or sold once."""
    promoted = long_panel.future_values[:, : long_panel.n_periods, 0] > 0
    y = (20.0 * (1 + promoted)).astype(np.float32)
    y[2:, 100:] = 0
    y[3, 700] = 5
    known = dataclasses.replace(long_panel, y=y, y_train=y, start=np.zeros(4, np.int64))
    model, _ = fitted(LinearLocal(), known)
    assert model.pooled[model.names.index("is_promoted")] > 0.8


def test_a_series_of_which_nothing_is_learned_errs_as_others_do(long_panel):
    y, start = long_panel.y.copy(), np.zeros(4, np.int64)
    start[3], y[3, :-3] = long_panel.n_periods - 3, np.nan
    short = dataclasses.replace(long_panel, y=y, y_train=y, start=start)
    model, forecast = fitted(LinearLocal(), short)
    np.testing.assert_allclose(model.errors[3], np.median(model.errors[:3], axis=0), rtol=1e-6)
    assert (forecast.quantiles[3, :, -1] > forecast.quantiles[3, :, 0]).all()
