"""The marts of the demo shop, built by dbt, before and after runs were written into boundary 2.

The forecasts are simple ones made in SQL; whatever the marts say of them is recomputed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from forecaster.demo import simulate
from tests.dbt.compiled import compile_nodes
from tests.dbt.runner import invoke

PANEL = "item_location_daily"
BUILD = ("run", "--select", "+path:models/marts", "path:models/forecasts")
MARTS_WITH_RUNS = ("fct_forecasts", "fct_forecast_vs_actual", "fct_forecast_accuracy")

FORECASTS = """
with recent as (
    select unique_id, avg(y) as yhat
    from dev_features.panel
    where panel_name = $panel and ds <= $cutoff and ds > $cutoff - 28 and y is not null
    group by unique_id
)
insert into dev_forecasts.predictions
select
    $run_id, $panel, $model, 'bottom', unique_id, $cutoff, $cutoff + step, step,
    yhat * $factor, 0, yhat * $factor + 3, 0.8, 'ok'
from recent cross join (select unnest(range(1, 29))::int as step)
"""
QUANTILES = """
insert into dev_forecasts.quantiles
select run_id, panel_name, model_name, level, unique_id, cutoff, ds, horizon_step, q, yhat * 2 * q
from dev_forecasts.predictions cross join (select unnest([0.1, 0.5, 0.9]) as q)
where run_id = $run_id and level = 'bottom'
"""


class Shop:
    """A demo shop in a warehouse of its own."""

    def __init__(self, folder: Path) -> None:
        self.warehouse = folder / "warehouse.duckdb"
        simulate("tiny", self.warehouse, seed=1)
        invoke(self.warehouse, *BUILD)
        self.sql = compile_nodes(folder, "write_parents", "score_run").sql

    def rows(self, query: str, *values: object) -> pd.DataFrame:
        with duckdb.connect(str(self.warehouse), read_only=True) as con:
            return con.execute(query, list(values)).df()

    def write_run(
        self,
        run_id: str,
        kind: str,
        model_run_id: str,
        cutoffs: list[pd.Timestamp],
        factor: float,
        status: str = "complete",
        finished_at: str = "2026-01-01",
    ) -> None:
        """What the forecaster does in its transaction."""
        with duckdb.connect(str(self.warehouse)) as con:
            con.execute(
                "insert into dev_forecasts.runs (run_id, kind, panel_name, model_name,"
                " model_run_id, status, started_at, finished_at) values (?, ?, ?, 'mean', ?, ?,"
                " '2026-01-01', ?)",
                [run_id, kind, PANEL, model_run_id, status, finished_at],
            )
            for cutoff in cutoffs:
                values = {"run_id": run_id, "panel": PANEL, "model": "mean", "factor": factor}
                con.execute(FORECASTS, values | {"cutoff": cutoff.date()})
            con.execute(QUANTILES, {"run_id": run_id})
            con.execute(self.sql["write_parents"], {"run_id": run_id})
            con.execute(self.sql["score_run"], {"run_id": run_id, "cutoff": None})

    def promote(self, run_id: str, at: str) -> None:
        with duckdb.connect(str(self.warehouse)) as con:
            con.execute(
                "insert into dev_forecasts.model_promotions values (?, ?, 'all', ?, 'by hand')",
                [at, PANEL, run_id],
            )


@pytest.fixture(scope="module")
def empty_marts() -> dict[str, int]:
    """Rows of each mart before anything was trained."""
    return {}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, empty_marts: dict[str, int]) -> Iterator[Shop]:
    """The shop after two trained models, a failed one, a later forecast and an old vintage.

    The second model is promoted. All of boundary 2 and the marts are then built with
    `--full-refresh`.
    """
    shop = Shop(tmp_path_factory.mktemp("marts"))
    for mart in MARTS_WITH_RUNS:
        empty_marts[mart] = len(shop.rows(f"from dev_marts.{mart}"))
    live, validation = shop.rows(
        "select cutoff from dev_features.cutoffs where panel_name = ? order by cutoff desc limit 2",
        PANEL,
    )["cutoff"]
    shop.write_run("first", "train", "first", [validation, live], 1.0)
    shop.write_run("second", "train", "second", [validation, live], 1.1)
    shop.write_run("broken", "train", "broken", [validation, live], 50.0, status="failed")
    shop.write_run("later", "predict", "second", [live], 1.1, finished_at="2026-01-03")
    # a live forecast of ten days ago: its cutoff is none of the panel's any more
    shop.write_run("vintage", "predict", "first", [live - pd.Timedelta(days=10)], 1.0)
    shop.promote("first", "2026-01-01")
    shop.promote("second", "2026-01-02")
    shop.promote("broken", "2026-01-04")
    invoke(
        shop.warehouse,
        *("run", "--full-refresh", "--select", "path:models/forecasts+"),
    )
    yield shop


def test_marts_stand_before_anything_was_trained(shop: Shop, empty_marts: dict[str, int]) -> None:
    assert empty_marts == dict.fromkeys(MARTS_WITH_RUNS, 0)
    assert len(shop.rows("from dev_marts.fct_demand")) > 0


def test_full_refresh_empties_no_forecast_table(shop: Shop) -> None:
    assert len(shop.rows("from dev_forecasts.runs")) == 5
    assert len(shop.rows("from dev_forecasts.model_promotions")) == 3
    for table in ("predictions", "quantiles", "metrics"):
        runs = shop.rows(f"select distinct run_id from dev_forecasts.{table} order by 1")
        expected = ["broken", "first", "later", "second", "vintage"]
        if table == "metrics":
            expected.remove("later")  # nothing of its horizon is known yet
        assert runs["run_id"].tolist() == expected, table


def test_failed_runs_are_invisible(shop: Shop) -> None:
    for mart in (*MARTS_WITH_RUNS, "fct_forecast_quantiles", "forecast_champions"):
        runs = shop.rows(f"select distinct run_id from dev_marts.{mart}")["run_id"].tolist()
        assert runs, mart
        assert "broken" not in runs, mart


def test_live_forecast_is_the_champions_newest(shop: Shop) -> None:
    forecasts = shop.rows("from dev_marts.fct_forecasts")
    assert set(forecasts["run_id"]) == {"later"}
    assert set(forecasts["horizon_step"]) == set(range(1, 29))
    stored = shop.rows("from dev_forecasts.predictions where run_id = 'later' and level = 'bottom'")
    assert len(forecasts) == len(stored)
    assert forecasts["yhat"].sum() == pytest.approx(stored["yhat"].sum())
    assert forecasts[["item_id", "location_id", "category", "life_cycle"]].notna().all().all()
    quantiles = shop.rows("from dev_marts.fct_forecast_quantiles")
    assert len(quantiles) == 3 * len(forecasts)


def test_accuracy_equals_what_the_run_was_scored(shop: Shop) -> None:
    """The marts and the forecaster use the same macros, so the figures agree to the last."""
    stored = shop.rows(
        "select * from dev_forecasts.metrics where unique_id is null and quantile is null"
        " and run_id <> 'broken'"
    )
    wide = shop.rows("from dev_marts.fct_forecast_accuracy")
    names = [name for name in stored["metric_name"].unique() if name in wide.columns]
    assert {"rmsse", "weighted_rmsse", "wape_total", "crps", "mse_standardised"} <= set(names)
    # how far the transform departs from uniform is a metric of a run alone
    assert set(stored["metric_name"]) - set(names) == {"pit_deviation"}
    stored = stored[stored["metric_name"].isin(names)].reset_index(drop=True)
    keys = ["run_id", "level", "segment_type", "segment", "cutoff", "horizon_step"]
    keys += ["stockouts", "actuals"]
    long = wide.melt(keys, names, "metric_name", "metric_value")
    both = stored.merge(long, on=[*keys, "metric_name"], how="left", suffixes=("", "_mart"))
    # 'vintage' was scored before its cutoff's scales were built
    both = both[both["run_id"] != "vintage"]
    assert len(both) > 1000
    difference = (both["metric_value"] - both["metric_value_mart"].astype(float)).abs()
    assert difference.max() < 1e-9
    assert both["metric_value"].isna().equals(both["metric_value_mart"].isna())


def test_accuracy_follows_a_live_forecast_as_actuals_arrive(shop: Shop) -> None:
    row = shop.rows(
        "from dev_marts.fct_forecast_accuracy where run_id = 'vintage' and level = 'bottom'"
        " and segment is null and horizon_step is null"
        " and stockouts = 'left out' and actuals = 'first known'"
    ).iloc[0]
    pairs = shop.rows(
        "from dev_marts.fct_forecast_vs_actual where run_id = 'vintage' and is_scored"
    )
    assert row["n_obs"] == len(pairs)
    assert set(pairs["horizon_step"]) == set(range(1, 11))
    assert row["mae"] == pytest.approx((pairs["yhat"] - pairs["y"]).abs().mean())
    assert row["bias"] == pytest.approx(pairs["error"].mean())
    assert row["rmsse"] > 0
    assert row["n_undefined_scale"] < row["n_series"]
    steps = shop.rows(
        "select horizon_step from dev_marts.fct_forecast_accuracy where run_id = 'vintage'"
        " and level = 'total' and horizon_step is not null order by 1"
    )
    assert steps["horizon_step"].tolist() == list(range(1, 11))


def test_only_what_has_changed_is_scored_again(shop: Shop) -> None:
    """Figures altered by hand stand as long as what they rest on is the same, and no longer."""
    refresh = ("run", "--select", "warehouse_forecaster.forecasts+,+fct_forecast_accuracy")
    accuracy = "from dev_marts.fct_forecast_accuracy order by all"
    change_actuals = (
        "update dev_features.panel set y = y + $change where panel_name = $panel and ds = "
        "(select min(ds) from dev_forecasts.predictions where run_id = 'vintage')"
    )

    def change(sql: str, values: dict[str, object] | None = None) -> None:
        with duckdb.connect(str(shop.warehouse)) as con:
            con.execute(sql, values)
        invoke(shop.warehouse, *refresh)

    before = shop.rows(accuracy)
    change("update dev_intermediate.int_forecast_scores set mae = -1")
    assert shop.rows(accuracy)["mae"].eq(-1).all()
    change(change_actuals, {"change": 1, "panel": PANEL})
    after = shop.rows(
        f"{accuracy.split(' order', maxsplit=1)[0]} where run_id = 'vintage' order by all"
    )
    unchanged = before[before["run_id"] == "vintage"].reset_index(drop=True)
    assert after["n_obs"].equals(unchanged["n_obs"])
    assert after["mae"].min() >= 0
    assert not after["mae"].equals(unchanged["mae"])
    change(change_actuals, {"change": -1, "panel": PANEL})
    change("update dev_intermediate.int_forecast_scores set state = 'another'")
    pd.testing.assert_frame_equal(shop.rows(accuracy), before)


def test_latest_actuals_differ_where_demand_was_revised(shop: Shop) -> None:
    demand = shop.rows("from dev_marts.fct_demand")
    assert (demand["demand"] == demand["demand_latest"])[~demand["is_revised"]].all()
    revised = demand[demand["is_revised"]]
    changes = shop.rows("select sum(quantity_change) as change from dev_features.revisions")
    change = (revised["demand_latest"] - revised["demand"]).sum()
    assert change == pytest.approx(changes["change"].item())
    assert (revised["demand"] != revised["demand_latest"]).any()


def test_data_quality_counts_every_input_once(shop: Shop) -> None:
    quality = shop.rows("from dev_marts.data_quality")
    read = quality[(quality["subject"] == "input") & (quality["treatment"] == "read")]
    raw = shop.rows("select count(*) as n from raw.orders")["n"].item()
    assert read.set_index("subject_name")["n_rows"]["sales"] == raw
    rejected = quality[quality["treatment"] == "rejected"]
    assert rejected["n_rows"].gt(0).all()
    assert rejected["first_example"].notna().all()
    stocked_out = shop.rows(
        "select count(*) as n from dev_marts.fct_demand where is_stocked_out and panel_name = ?",
        PANEL,
    )["n"].item()
    counted = quality[
        (quality["subject_name"] == PANEL) & (quality["check_name"] == "out of stock")
    ]
    assert counted["n_rows"].item() == stocked_out > 0


def test_alias_views_have_the_other_products_columns(shop: Shop) -> None:
    bigquery = shop.rows("from dev_marts.forecast_bigquery")
    assert {
        "forecast_timestamp",
        "forecast_value",
        "standard_error",
        "confidence_level",
        "prediction_interval_lower_bound",
        "prediction_interval_upper_bound",
    } <= set(bigquery.columns)
    snowflake = shop.rows("from dev_marts.forecast_snowflake")
    assert list(snowflake.columns[1:]) == ["series", "ts", "forecast", "lower_bound", "upper_bound"]
    assert len(snowflake) == len(bigquery) == len(shop.rows("from dev_marts.fct_forecasts"))


def test_a_parent_that_is_no_sum_of_its_children_is_an_error(shop: Shop) -> None:
    name = "parents_equal_the_sum_of_their_children"
    invoke(shop.warehouse, "test", "--select", name)
    change = "update dev_forecasts.predictions set yhat = yhat + ? where level = 'total'"
    for amount, is_error in ((1.0, True), (-1.0, False)):
        with duckdb.connect(str(shop.warehouse)) as con:
            con.execute(change, [amount])
        with pytest.raises(AssertionError, match="Got .* results?") if is_error else nullcontext():
            invoke(shop.warehouse, "test", "--select", name)


def test_roll_back_brings_the_older_champions_forecast_back(shop: Shop) -> None:
    """Last, since it changes the shop."""
    shop.promote("first", "2026-01-05")
    invoke(shop.warehouse, "build", "--select", "model_promotions+")
    champions = shop.rows("from dev_marts.forecast_champions order by promoted_at")
    assert champions["run_id"].tolist() == ["first", "second", "first"]
    assert champions["is_current"].tolist() == [False, False, True]
    # of its forecasts the one from the newest cutoff, not the vintage of ten days before
    runs = shop.rows("select distinct run_id, cutoff from dev_marts.fct_forecasts")
    assert runs["run_id"].tolist() == ["first"]
