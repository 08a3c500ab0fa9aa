"""What lies after a cutoff changes no forecast from it, through the warehouse and every model."""

from __future__ import annotations

import pytest

from forecaster import run
from forecaster.warehouse import Warehouse
from tests.conftest import execute

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
