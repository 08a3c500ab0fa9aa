"""What lies after a cutoff changes no forecast from it, through the warehouse and every model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster import calibration, held_out, persistence, run, training
from forecaster.models import base
from forecaster.panel import Panel
from forecaster.warehouse import Warehouse
from forecaster.work import make_model
from tests.conftest import execute, make_panel

CUTOFF, HORIZON = "2024-03-10", 7
MODELS = {
    "seasonal_naive": {},
    "seasonal_mean": {},
    "linear": {},
    "lstm": {"units": 6, "decoder_units": 6, "epochs": 1, "steps_per_epoch": 2},
    "lstm_stacked": {"units": 4, "epochs": 1, "steps_per_epoch": 2, "window": 7},
}


def forecasts(warehouse: Warehouse, run_id: str) -> list[dict]:
    return warehouse.rows(
        "select unique_id, ds, quantile, value, yhat, forecast_status from {quantiles} "
        "join {predictions} using (run_id, level, unique_id, cutoff, ds) "
        "where run_id = $run_id and cutoff = cast($cutoff as date) and level = 'bottom' order"
        " by all",
        run_id=run_id,
        cutoff=CUTOFF,
    )


def sums(warehouse: Warehouse, run_id: str) -> list[dict]:
    """Quantiles of sums over time and over series, and how levels were calibrated."""
    return warehouse.rows(
        "select level, unique_id, ds, quantile, value, 'cumulative' as kind "
        "from {cumulative_quantiles} where run_id = $run_id and cutoff = cast($cutoff as date) "
        "union all select level, unique_id, ds, quantile, value, 'step' from {quantiles} "
        "where run_id = $run_id and cutoff = cast($cutoff as date) and level <> 'bottom' "
        "union all select volume_class, cast(horizon_class as varchar), cutoff, nominal, adjusted, "
        "'calibration' from {calibration} where run_id = $run_id order by all",
        run_id=run_id,
        cutoff=CUTOFF,
    )


@pytest.mark.parametrize("model", MODELS)
def test_later_rows_change_no_earlier_forecast(shop, warehouse, model):
    # one cutoff is looked at, so one is fitted
    other = f"is_backtest and cutoff > date '{CUTOFF}'"
    execute(warehouse, f"delete from dev_features.cutoffs where {other}")
    (first,) = run.backtest(shop, models=[model], settings=MODELS[model])
    execute(
        warehouse,
        f"""
        update dev_features.panel_extended
        set y = 3 * y + 50, y_train = 3 * y_train + 50, views = views + 9, revenue = 0,
            is_stocked_out = not is_stocked_out
        where ds > date '{CUTOFF}';
        update dev_features.panel_extended
        set is_promoted = 1 - is_promoted, weekday = -weekday
        where ds > date '{CUTOFF}' + {HORIZON};
        delete from dev_features.panel_extended
        where ds > date '{CUTOFF}' + {HORIZON} and unique_id like 'item 3%';
        update dev_features.scaling set centre = centre + 7 where cutoff > date '{CUTOFF}'
        """,
    )
    (second,) = run.backtest(shop, models=[model], settings=MODELS[model])
    assert second.run_id != first.run_id
    before, after = (forecasts(warehouse, one.run_id) for one in (first, second))
    assert len(before) > 0
    assert before == after
    before, after = (sums(warehouse, one.run_id) for one in (first, second))
    assert {row["kind"] for row in before} == {"cumulative", "step", "calibration"}
    assert before == after


OF_SERIES = [
    "unique_ids",
    "start",
    "y",
    "y_train",
    "stocked_out",
    "weight",
    "past_values",
    "future_values",
]


def with_launches(panel: Panel, n: int, first: int) -> Panel:
    """Before all others, so many copies of the first series that begin with period `first`."""

    def more(values: np.ndarray) -> np.ndarray:
        return np.concatenate([np.repeat(values[:1], n, axis=0), values])

    given = {name: more(getattr(panel, name)) for name in OF_SERIES}
    given["unique_ids"][:n] = [f"a launch {i}" for i in range(n)]
    given["start"][:n] = first
    given["y"][:n, :first] = given["y_train"][:n, :first] = np.nan
    given["weight"][:n, :first] = given["stocked_out"][:n, :first] = 0
    of_series = ("categories", "numbers", "texts")
    dicts = {key: {k: more(v) for k, v in getattr(panel, key).items()} for key in of_series}
    return dataclasses.replace(panel, **given, **dicts)


@pytest.mark.parametrize("model", ["linear", "lstm"])
def test_launches_after_the_cutoff_change_no_other_forecast(model, monkeypatch):
    for module, name, most in (
        (base, "MOST_CALIBRATED", 8),
        (training, "MOST_WATCHED", 5),
        (held_out, "MOST_FORECASTS", 50),
        (calibration, "MOST_COMPARED", 6),
        (persistence, "MOST_SERIES", 2),
    ):
        monkeypatch.setattr(module, name, most)
    panel = make_panel(n_series=20)
    cutoff = panel.ds[70]
    found = []
    for known in (panel, with_launches(panel, 7, 74)):
        one = make_model(model, MODELS[model])
        cut = known.at(cutoff)
        one.fit(cut, panel.ds[70 - HORIZON])
        found.append(one.predict(cut))
    before, after = found
    # a product of larger matrices may round its last digit otherwise
    np.testing.assert_allclose(after.mean[7:], before.mean, rtol=1e-5)
    assert (after.quantiles[7:] == before.quantiles).mean() > 0.998
