"""Metrics against published implementations (utilsforecast) and against hand-worked examples.

The statements are those that the forecaster runs: `int_metric_scales`, `write_parents` and
`score_run`, compiled by dbt, on tables made by hand.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from utilsforecast import losses

from tests.dbt.compiled import Compiled, compile_nodes

PANEL = "item_location_daily"  # horizon and season length are set by hand below: 4 and 7
CUTOFF = date(2024, 3, 10)
HORIZON = 4
QUANTILES = [0.1, 0.25, 0.5, 0.75, 0.9]

TABLES = {
    "settings": "panel_name text, season_length int, horizon int, first_period date",
    "panel": "panel_name text, unique_id text, ds date, period_index int, y double,"
    " revenue double, is_stocked_out boolean",
    "series": "panel_name text, unique_id text, first_ds date",
    "hierarchy": "panel_name text, level text, node_id text, unique_id text",
    "cutoffs": "panel_name text, cutoff date",
    "segments": "panel_name text, cutoff date, unique_id text, life_cycle text,"
    " volume_class text, intermittency text, segment text",
    "scaling": "panel_name text, cutoff date, feature_name text, method text, scale double",
    "revisions": "panel_name text, unique_id text, ds date, quantity_change double",
    "int_periods": "panel_name text, ds date, period_index int",
    "stg_metric_scales": "panel_name text, level text, node_id text, scale double, cast_error text",
    "stg_aggregates": "level text, node_id text, ds date, quantity double, cast_error text",
    "predictions": "run_id text, panel_name text, model_name text, level text, unique_id text,"
    " cutoff date, ds date, horizon_step int, yhat double, yhat_lower double, yhat_upper double,"
    " confidence_level double, forecast_status text",
    "quantiles": "run_id text, panel_name text, model_name text, level text, unique_id text,"
    " cutoff date, ds date, horizon_step int, quantile double, value double",
    "cumulative_quantiles": "run_id text, panel_name text, model_name text, level text,"
    " unique_id text, cutoff date, ds date, horizon_step int, quantile double, value double",
    "metrics": "run_id text, panel_name text, model_name text, level text, unique_id text,"
    " segment_type text, segment text, cutoff date, horizon_step int, quantile double,"
    " stockouts text, actuals text, metric_name text, metric_value double, n_obs bigint",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    folder = tmp_path_factory.mktemp("metrics")
    return compile_nodes(folder, "int_metric_scales", "write_parents", "score_run")


class Warehouse:
    """An empty warehouse with the tables that scoring reads, and the three statements."""

    def __init__(self, compiled: Compiled, file: Path) -> None:
        self.compiled = compiled
        self.con = duckdb.connect()
        self.con.execute(f"attach '{file}' as warehouse")
        self.con.execute("use warehouse")
        for name, columns in TABLES.items():
            relation = compiled.relations[name]
            self.con.execute(f"create schema if not exists {relation.rsplit('.', 1)[0]}")
            self.con.execute(f"create table {relation} ({columns})")

    def fill(self, name: str, frame: pd.DataFrame) -> None:
        columns = ", ".join(frame.columns)
        self.con.register("rows", frame)
        self.con.execute(
            f"insert into {self.compiled.relations[name]} ({columns}) select {columns} from rows"
        )
        self.con.unregister("rows")

    def run(self, name: str, run_id: str = "run") -> None:
        values = {"run_id": run_id} | ({"cutoff": None} if name == "score_run" else {})
        self.con.execute(self.compiled.sql[name], values)

    def scales(self) -> pd.DataFrame:
        relation = self.compiled.relations["int_metric_scales"]
        self.con.execute(f"create schema if not exists {relation.rsplit('.', 1)[0]}")
        self.con.execute(
            f"create or replace table {relation} as {self.compiled.sql['int_metric_scales']}"
        )
        return self.con.execute(f"from {relation}").df()

    def metric(self, name: str, **where: object) -> float | None:
        """The one value of a metric; keys that are not named are null, or the default slice."""
        keys: dict[str, object] = {
            "run_id": "run",
            "level": "bottom",
            "unique_id": None,
            "segment_type": None,
            "segment": None,
            "cutoff": CUTOFF,
            "horizon_step": None,
            "quantile": None,
            "stockouts": "left out",
            "actuals": "first known",
            "metric_name": name,
        } | where
        rows = self.con.execute(
            f"select metric_value from {self.compiled.relations['metrics']} where "
            + " and ".join(f"{key} is not distinct from ?" for key in keys),
            list(keys.values()),
        ).fetchall()
        assert len(rows) == 1, f"{len(rows)} rows of {keys}"
        return rows[0][0]


@pytest.fixture
def warehouse(compiled: Compiled, tmp_path: Path) -> Warehouse:
    return Warehouse(compiled, tmp_path / "warehouse.duckdb")


def days(n: int, last: date) -> list[date]:
    return [last - timedelta(days=i) for i in reversed(range(n))]


def fill_panel(warehouse: Warehouse, y: dict[str, list[float]], **columns: dict) -> pd.DataFrame:
    """Series of daily demand that all end with the horizon; node `even`/`odd` by position."""
    frames = []
    for i, (unique_id, values) in enumerate(y.items()):
        ds = days(len(values), CUTOFF + timedelta(days=HORIZON))
        frame = pd.DataFrame({"unique_id": unique_id, "ds": ds, "y": values})
        frame["revenue"] = frame["y"] * (i + 1)
        frame["is_stocked_out"] = False
        frames.append(frame)
    panel = pd.concat(frames, ignore_index=True)
    panel["panel_name"] = PANEL
    first = min(panel["ds"])
    panel["period_index"] = [(d - first).days for d in panel["ds"]]
    for name, values in columns.items():
        for (unique_id, ds), value in values.items():
            panel.loc[(panel["unique_id"] == unique_id) & (panel["ds"] == ds), name] = value
    warehouse.fill("panel", panel)
    warehouse.fill(
        "settings",
        pd.DataFrame(
            [{"panel_name": PANEL, "season_length": 7, "horizon": HORIZON, "first_period": first}]
        ),
    )
    warehouse.fill("int_periods", panel[["panel_name", "ds", "period_index"]].drop_duplicates())
    warehouse.fill("cutoffs", pd.DataFrame([{"panel_name": PANEL, "cutoff": CUTOFF}]))
    warehouse.fill(
        "series",
        panel.groupby(["panel_name", "unique_id"], as_index=False)["ds"]
        .min()
        .rename(columns={"ds": "first_ds"}),
    )
    names = list(y)
    nodes = [("bottom", u, u) for u in names] + [("total", "total", u) for u in names]
    nodes += [("parity", ["even", "odd"][i % 2], u) for i, u in enumerate(names)]
    hierarchy = pd.DataFrame(nodes, columns=["level", "node_id", "unique_id"])
    warehouse.fill("hierarchy", hierarchy.assign(panel_name=PANEL))
    warehouse.fill(
        "scaling",
        pd.DataFrame(
            [
                {
                    "panel_name": PANEL,
                    "cutoff": CUTOFF,
                    "feature_name": "y",
                    "method": "standard",
                    "scale": 2.5,
                }
            ]
        ),
    )
    return panel


def fill_forecasts(warehouse: Warehouse, yhat: dict[str, list[float]], width: float = 1) -> None:
    rows = [
        {
            "unique_id": unique_id,
            "ds": CUTOFF + timedelta(days=step),
            "horizon_step": step,
            "yhat": value,
            "yhat_lower": value - width,
            "yhat_upper": value + width,
        }
        for unique_id, values in yhat.items()
        for step, value in enumerate(values, start=1)
    ]
    keys = {"run_id": "run", "panel_name": PANEL, "model_name": "m", "cutoff": CUTOFF}
    warehouse.fill(
        "predictions",
        pd.DataFrame(rows).assign(
            **keys, level="bottom", confidence_level=0.8, forecast_status="ok"
        ),
    )


@pytest.fixture
def random_case(warehouse: Warehouse) -> tuple[Warehouse, pd.DataFrame, pd.DataFrame]:
    """Five series of 60 days, one with a late first sale; forecasts with quantiles; scored."""
    random = np.random.default_rng(7)
    y = {f"s{i}": list(random.poisson(2 + i, 60).astype(float)) for i in range(5)}
    y["s0"][:20] = [0.0] * 20
    y["s0"][20] = 3.0
    panel = fill_panel(warehouse, y)
    yhat = {u: list(random.gamma(4.0, 1.0, HORIZON)) for u in y}
    fill_forecasts(warehouse, yhat)
    quantiles = pd.DataFrame(
        [
            {
                "unique_id": u,
                "ds": CUTOFF + timedelta(days=step),
                "horizon_step": step,
                "quantile": q,
                "value": round(value * (0.5 + q)),
            }
            for u, values in yhat.items()
            for step, value in enumerate(values, start=1)
            for q in QUANTILES
        ]
    )
    keys = {"run_id": "run", "panel_name": PANEL, "model_name": "m", "cutoff": CUTOFF}
    warehouse.fill("quantiles", quantiles.assign(**keys, level="bottom"))
    warehouse.scales()
    warehouse.run("write_parents")
    warehouse.run("score_run")
    return warehouse, panel, quantiles


def long_forecasts(warehouse: Warehouse, level: str = "bottom") -> pd.DataFrame:
    return warehouse.con.execute(
        f"from {warehouse.compiled.relations['predictions']} where level = ?", [level]
    ).df()


def published(warehouse: Warehouse, panel: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test and training frames as utilsforecast takes them: history from the first sale on."""
    panel = panel.assign(ds=pd.to_datetime(panel["ds"]))
    forecasts = long_forecasts(warehouse)[["unique_id", "ds", "yhat", "yhat_lower", "yhat_upper"]]
    frame = forecasts.assign(ds=pd.to_datetime(forecasts["ds"])).merge(
        panel[["unique_id", "ds", "y"]], on=["unique_id", "ds"]
    )
    frame["cutoff"] = pd.Timestamp(CUTOFF)
    history = panel[panel["ds"] <= pd.Timestamp(CUTOFF)]
    first = history[history["y"] > 0].groupby("unique_id")["ds"].min()
    train = history[history["ds"] >= history["unique_id"].map(first)]
    return frame, train[["unique_id", "ds", "y"]]


def test_point_metrics_equal_utilsforecast(random_case) -> None:
    warehouse, panel, _ = random_case
    frame, train = published(warehouse, panel)
    for name, factor in {"mse": 1, "mae": 1, "bias": 1, "smape": 2}.items():
        # every series has the same number of pairs, so the mean over series is the pooled one
        theirs = getattr(losses, name)(frame, ["yhat"])["yhat"].mean() * factor
        assert warehouse.metric(name) == pytest.approx(theirs), name
    assert warehouse.metric("rmse") == pytest.approx(
        np.sqrt(losses.mse(frame, ["yhat"])["yhat"].mean())
    )
    for unique_id in ["s0", "s3"]:
        one = frame[frame["unique_id"] == unique_id]
        assert warehouse.metric("wape", unique_id=unique_id) == pytest.approx(
            losses.nd(one, ["yhat"])["yhat"].item()
        )
    for name, season in {"mase": 7, "rmsse": 1}.items():
        theirs = getattr(losses, name)(frame, ["yhat"], seasonality=season, train_df=train)
        assert warehouse.metric(name) == pytest.approx(theirs["yhat"].mean()), name
        for row in theirs.itertuples():
            assert warehouse.metric(name, unique_id=row.unique_id) == pytest.approx(row.yhat)


def test_quantile_metrics_equal_utilsforecast(random_case) -> None:
    warehouse, panel, quantiles = random_case
    frame, train = published(warehouse, panel)
    grid = quantiles.assign(ds=pd.to_datetime(quantiles["ds"])).pivot(
        index=["unique_id", "ds"], columns="quantile", values="value"
    )
    grid.columns = [f"q{q}" for q in QUANTILES]
    wide = frame.merge(grid.reset_index(), on=["unique_id", "ds"])
    scaled, mean_loss = [], []
    for q in QUANTILES:
        loss = losses.quantile_loss(wide, {"m": f"q{q}"}, q=q)["m"].mean()
        assert warehouse.metric("pinball", quantile=q) == pytest.approx(loss)
        below = (wide["y"] < wide[f"q{q}"]).mean()
        at_or_below = losses.calibration(wide, {"m": f"q{q}"})["m"].mean()
        assert warehouse.metric("share_below", quantile=q) == pytest.approx(below)
        assert warehouse.metric("share_at_or_below", quantile=q) == pytest.approx(at_or_below)
        mean_loss.append(loss)
        scaled.append(
            losses.scaled_quantile_loss(
                wide, {"m": f"q{q}"}, q=q, seasonality=1, train_df=train
            ).set_index("unique_id")["m"]
        )
    assert warehouse.metric("crps") == pytest.approx(2 * np.mean(mean_loss))
    coverage = losses.coverage(
        frame.rename(columns={"yhat_lower": "m-lo-80", "yhat_upper": "m-hi-80"}), ["m"], 80
    )
    assert warehouse.metric("coverage") == pytest.approx(coverage["m"].mean())
    weights = recent_weights(panel)
    assert warehouse.metric("weighted_scaled_pinball") == pytest.approx(
        (np.mean(scaled, axis=0) * weights.loc[scaled[0].index]).sum()
    )


def recent_weights(panel: pd.DataFrame) -> pd.Series:
    """Shares of revenue over the horizon before the cutoff."""
    recent = panel[(panel["ds"] <= CUTOFF) & (panel["ds"] > CUTOFF - timedelta(days=HORIZON))]
    revenue = recent.groupby("unique_id")["revenue"].sum()
    return revenue / revenue.sum()


def test_weighted_rmsse_is_the_mean_over_levels_of_summed_series(random_case) -> None:
    """M5's definition, worked in numpy from the sums of each level."""
    warehouse, panel, _ = random_case
    forecasts = long_forecasts(warehouse).pivot(index="ds", columns="unique_id", values="yhat")
    history = panel.pivot(index="ds", columns="unique_id", values="y")
    weights = recent_weights(panel)
    names = list(history.columns)
    levels = {
        "bottom": [[n] for n in names],
        "parity": [names[::2], names[1::2]],
        "total": [names],
    }
    by_level = {}
    for level, nodes in levels.items():
        total = 0.0
        for members in nodes:
            y = history[members].fillna(0).sum(axis=1).to_numpy()
            train, test = y[:-HORIZON], y[-HORIZON:]
            train = train[np.argmax(train > 0) :]
            scale = np.mean(np.diff(train) ** 2)
            mse = np.mean((test - forecasts[members].sum(axis=1).to_numpy()) ** 2)
            total += weights[members].sum() * np.sqrt(mse / scale)
        by_level[level] = total
        assert warehouse.metric("weighted_rmsse", level=level) == pytest.approx(total), level
    assert warehouse.metric("weighted_rmsse", level="all") == pytest.approx(
        np.mean(list(by_level.values()))
    )


def test_hand_worked_example(warehouse: Warehouse) -> None:
    """Two series small enough to follow with a pencil."""
    fill_panel(warehouse, {"a": [0, 2, 4, 2, 1, 2, 3, 4], "b": [5, 5, 5, 5, 0, 0, 0, 9]})
    fill_forecasts(warehouse, {"a": [1, 1, 3, 8], "b": [0, 1, 0, 3]}, width=1)
    scales = warehouse.scales().set_index(["level", "unique_id"])
    # a: from its first sale 2, 4, 2: steps 2, -2
    assert scales.loc[("bottom", "a"), "squared_step"] == 4
    assert scales.loc[("bottom", "a"), "n_periods"] == 3
    assert scales.loc[("bottom", "b"), "squared_step"] == 0
    # revenue over the four days to the cutoff: a 8 × 1, b 20 × 2
    assert scales.loc[("bottom", "a"), "weight"] == pytest.approx(8 / 48)
    warehouse.run("score_run")
    assert warehouse.metric("mae") == (0 + 1 + 0 + 4 + 0 + 1 + 0 + 6) / 8
    assert warehouse.metric("bias") == (0 - 1 + 0 + 4 + 0 + 1 + 0 - 6) / 8
    assert warehouse.metric("relative_bias") == pytest.approx(-2 / 19)
    assert warehouse.metric("wape") == pytest.approx(12 / 19)
    # totals: a 13 for 10, b 4 for 9
    assert warehouse.metric("wape_total") == pytest.approx((3 + 5) / 19)
    assert warehouse.metric("mse_standardised") == pytest.approx(54 / 8 / 2.5**2)
    assert warehouse.metric("rmsse", unique_id="a") == pytest.approx(np.sqrt(17 / 4 / 4))
    assert warehouse.metric("rmsse", unique_id="b") is None
    assert warehouse.metric("rmsse") == warehouse.metric("rmsse", unique_id="a")
    assert warehouse.metric("weighted_rmsse") == warehouse.metric("rmsse", unique_id="a")
    assert warehouse.metric("n_undefined_scale") == 1
    assert warehouse.metric("n_series") == 2
    # smape, step 2: |2-1| / 3 and |0-1| / 1
    assert warehouse.metric("smape", horizon_step=2) == pytest.approx((2 / 3 + 2) / 2)
    # bounds are one below and above: misses of a by 3 at step 4, of b by 5
    assert warehouse.metric("coverage") == 6 / 8
    assert warehouse.metric("interval_width") == 2
    assert warehouse.metric("winkler") == pytest.approx(2 + (3 + 5) * 2 / 0.2 / 8)


def test_periods_out_of_stock_are_left_out_counted_and_shown_kept(warehouse: Warehouse) -> None:
    out = CUTOFF + timedelta(days=2)
    before = CUTOFF - timedelta(days=1)
    fill_panel(
        warehouse,
        {"a": [1, 0, 0, 4, 2, 0, 2, 2], "b": [1, 2, 1, 3, 3, 3, 3, 3]},
        is_stocked_out={("a", out): True, ("a", before): True},
    )
    fill_forecasts(warehouse, {"a": [2, 6, 2, 2], "b": [3, 3, 3, 3]})
    scales = warehouse.scales().set_index(["level", "unique_id"])
    # a: 1, 0, (out), 4: one step is known, nothing across the gap
    assert scales.loc[("bottom", "a"), "squared_step"] == 1
    assert scales.loc[("total", "total"), "n_periods"] == 4
    warehouse.run("write_parents")
    warehouse.run("score_run")
    assert warehouse.metric("mae") == 0
    assert warehouse.metric("n_left_out") == 1
    assert warehouse.metric("mae", stockouts="kept") == 6 / 8
    assert warehouse.metric("n_left_out", stockouts="kept") == 0
    # the total is scored on what could be sold: 3 forecast and sold on that day, not 9 for 3
    assert warehouse.metric("mae", level="total") == 0
    assert warehouse.metric("mae", level="total", stockouts="kept") == 6 / 4


def test_latest_actuals_hold_the_revisions(warehouse: Warehouse) -> None:
    fill_panel(warehouse, {"a": [1, 2, 1, 2, 5, 5, 5, 5]})
    fill_forecasts(warehouse, {"a": [5, 5, 5, 5]})
    revised = {"panel_name": PANEL, "unique_id": "a", "ds": CUTOFF + timedelta(days=1)}
    warehouse.fill(
        "revisions", pd.DataFrame([revised | {"quantity_change": q} for q in (-3.0, 1.0)])
    )
    warehouse.scales()
    warehouse.run("score_run")
    assert warehouse.metric("mae") == 0
    assert warehouse.metric("mae", actuals="latest") == 2 / 4


def test_series_launched_after_the_cutoff_do_not_count(warehouse: Warehouse) -> None:
    fill_panel(warehouse, {"a": [1, 2, 1, 2, 5, 5, 5, 5], "new": [7, 7, 7]})
    fill_forecasts(warehouse, {"a": [4, 4, 4, 4], "new": [1, 1, 1, 1]})
    warehouse.scales()
    warehouse.run("write_parents")
    warehouse.run("score_run")
    assert warehouse.metric("mae") == 1
    assert warehouse.metric("n_series") == 1
    assert warehouse.metric("mae", level="total") == 1


def test_missing_forecasts_and_actuals_are_counted_not_scored(warehouse: Warehouse) -> None:
    panel = fill_panel(warehouse, {"a": [1, 2, 1, 2, 5, 5, 5, 5], "b": [1, 2, 1, 2, 5, 5, 5, 5]})
    fill_forecasts(warehouse, {"a": [4, 4, 4, 4]})
    warehouse.con.execute(
        f"update {warehouse.compiled.relations['panel']} set y = null where ds = ?",
        [max(panel["ds"])],
    )
    warehouse.scales()
    warehouse.run("score_run")
    assert warehouse.metric("mae") == 1
    assert warehouse.metric("n_without_forecast") == 3


def test_segments_pool_their_series(warehouse: Warehouse) -> None:
    fill_panel(warehouse, {u: [1, 2, 1, 2, 5, 5, 5, 5] for u in "abc"})
    fill_forecasts(warehouse, {"a": [4] * 4, "b": [3] * 4, "c": [1] * 4})
    segments = [("a", "active"), ("b", "active"), ("c", "dormant")]
    warehouse.fill(
        "segments",
        pd.DataFrame(segments, columns=["unique_id", "life_cycle"]).assign(
            panel_name=PANEL, cutoff=CUTOFF
        ),
    )
    warehouse.scales()
    warehouse.run("score_run")
    assert warehouse.metric("mae", segment_type="life_cycle", segment="active") == 1.5
    assert warehouse.metric("mae", segment_type="life_cycle", segment="dormant") == 4
    assert warehouse.metric("mae") == pytest.approx(7 / 3)


def test_scales_look_back_and_given_ones_win(warehouse: Warehouse) -> None:
    fill_panel(warehouse, {"a": [1, 4, 1, 2, 5, 5, 5, 5], "b": [1, 2, 1, 3, 1, 1, 1, 1]})
    before = warehouse.scales().sort_values(["level", "unique_id"], ignore_index=True)
    warehouse.con.execute(
        f"update {warehouse.compiled.relations['panel']} set y = 1000, revenue = 9 where ds > ?",
        [CUTOFF],
    )
    after = warehouse.scales().sort_values(["level", "unique_id"], ignore_index=True)
    pd.testing.assert_frame_equal(before, after)
    given = {"panel_name": PANEL, "level": "bottom", "node_id": "a", "scale": 42.0}
    warehouse.fill("stg_metric_scales", pd.DataFrame([given]))
    scales = warehouse.scales().set_index(["level", "unique_id"])
    assert scales.loc[("bottom", "a"), "squared_step"] == 42
    assert scales.loc[("bottom", "b"), "squared_step"] == 2


def test_scales_at_many_cutoffs_equal_those_at_one(warehouse: Warehouse) -> None:
    random = np.random.default_rng(1)
    panel = fill_panel(warehouse, {u: list(random.poisson(3, 40).astype(float)) for u in "ab"})
    cutoffs = [CUTOFF - timedelta(days=d) for d in (1, 9, 20)]
    warehouse.fill("cutoffs", pd.DataFrame({"panel_name": PANEL, "cutoff": cutoffs}))
    # and a cutoff that only a forecast made earlier still knows
    early = CUTOFF - timedelta(days=25)
    warehouse.fill("predictions", pd.DataFrame([{"panel_name": PANEL, "cutoff": early}]))
    scales = warehouse.scales().set_index(["level", "unique_id", "cutoff"])
    for cutoff in [CUTOFF, *cutoffs, early]:
        for u in "ab":
            y = panel[(panel["unique_id"] == u) & (panel["ds"] <= cutoff)]["y"].to_numpy()
            y = y[np.argmax(y > 0) :]
            row = scales.loc[("bottom", u, pd.Timestamp(cutoff))]
            assert row["squared_step"] == pytest.approx(np.mean(np.diff(y) ** 2))
            assert row["absolute_step"] == pytest.approx(np.mean(np.abs(np.diff(y))))
            assert row["absolute_season_step"] == pytest.approx(np.mean(np.abs(y[7:] - y[:-7])))
            assert row["n_periods"] == len(y)


def test_longer_histories_of_nodes_go_before_their_members(warehouse: Warehouse) -> None:
    fill_panel(warehouse, {"a": [1, 2, 1, 3, 1, 1, 1, 1], "b": [1, 2, 1, 3, 1, 1, 1, 1]})
    first = CUTOFF - timedelta(days=3)
    rows = [("total", "total", first - timedelta(days=d), q) for d, q in ((0, 99), (1, 2), (2, 8))]
    warehouse.fill(
        "stg_aggregates", pd.DataFrame(rows, columns=["level", "node_id", "ds", "quantity"])
    )
    scales = warehouse.scales().set_index(["level", "unique_id"])
    # 8, 2 | 2, 4, 2, 6: where members are known, their sum counts
    assert scales.loc[("total", "total"), "squared_step"] == (36 + 0 + 4 + 4 + 16) / 5
    assert scales.loc[("parity", "even"), "n_periods"] == 4


def test_parents_are_summed_once(warehouse: Warehouse) -> None:
    fill_panel(warehouse, {"a": [1.0] * 8, "b": [1.0] * 8})
    fill_forecasts(warehouse, {"a": [1, 2, 3, 4], "b": [10, 20, 30, 40]})
    for _ in range(2):
        warehouse.run("write_parents")
    total = long_forecasts(warehouse, "total").sort_values("ds")
    assert total["yhat"].tolist() == [11, 22, 33, 44]
    assert total["yhat_lower"].isna().all()
    warehouse.run("write_parents", run_id="another")
    assert len(long_forecasts(warehouse, "total")) == HORIZON


@pytest.mark.skipif(
    not os.environ.get("FORECAST_DATA_DIR"), reason="FORECAST_DATA_DIR is not set (M5 data)"
)
def test_m5_scales_equal_the_published_ones(warehouse: Warehouse) -> None:
    """Mean squared step from the first sale to d_1913, of 704 M5 series with all their history.

    The days after d_1913 are not in the folder, so errors on the official window cannot be taken.
    """
    folder = Path(os.environ["FORECAST_DATA_DIR"]) / "m5"
    sales, series = (folder / f for f in ("sales_704_series_d1_d1913.parquet", "series.parquet"))
    if not (sales.exists() and series.exists()):
        pytest.skip(f"{sales.name} or {series.name} is not in {folder}")
    con, relations = warehouse.con, warehouse.compiled.relations
    con.execute(
        f"insert into {relations['panel']} select ?, item_id || '/' || store_id, date, d_num - 1,"
        f" sales, sales, false from '{sales}'",
        [PANEL],
    )
    last = con.execute(f"select max(ds) from {relations['panel']}").fetchone()[0]
    con.execute(f"insert into {relations['cutoffs']} values (?, ?)", [PANEL, last])
    con.execute(f"insert into {relations['settings']} values (?, 7, 28, '2011-01-29')", [PANEL])
    con.execute(
        f"insert into {relations['int_periods']} select distinct panel_name, ds, period_index"
        f" from {relations['panel']}"
    )
    con.execute(
        f"insert into {relations['hierarchy']} select distinct panel_name, 'bottom', unique_id,"
        f" unique_id from {relations['panel']}"
    )
    ours = warehouse.scales().set_index("unique_id")
    theirs = con.execute(
        f"select item_id || '/' || store_id as unique_id, rmsse_scale_d1_d1913 as scale,"
        f" first_sales from '{series}' inner join (select item_id, store_id,"
        f" min_by(sales, date) filter (sales > 0) as first_sales from '{sales}' group by all)"
        " using (item_id, store_id)"
    ).df()
    theirs = theirs.set_index("unique_id").loc[ours.index]
    is_equal = np.isclose(ours["squared_step"], theirs["scale"], rtol=1e-9)
    assert len(ours) == 704
    assert is_equal.sum() == 699
    # the published scales of the other five were taken over all 1,913 days, leading zeros included
    n_days = 1913
    untrimmed = ours["squared_step"] * (ours["n_periods"] - 1) + theirs["first_sales"] ** 2
    np.testing.assert_allclose(
        (untrimmed / (n_days - 1))[~is_equal], theirs["scale"][~is_equal], rtol=1e-9
    )


def fill_quantiles(
    warehouse: Warehouse, table: str, rows: list[tuple[str, str, int, float, float]]
) -> None:
    """(level, unique_id, step, quantile, value) as rows of a table of quantiles."""
    frame = pd.DataFrame(rows, columns=["level", "unique_id", "horizon_step", "quantile", "value"])
    frame["ds"] = [CUTOFF + timedelta(days=step) for step in frame["horizon_step"]]
    keys = {"run_id": "run", "panel_name": PANEL, "model_name": "m", "cutoff": CUTOFF}
    warehouse.fill(table, frame.assign(**keys))


@pytest.fixture
def counted(warehouse: Warehouse) -> Warehouse:
    """Two series of counts over four days, the first day of `a` out of stock; scored.

    Quantiles of every day: .2 -> 0, .5 -> 0, .8 -> 2.
    """
    out = CUTOFF + timedelta(days=1)
    fill_panel(
        warehouse,
        {"a": [5, 5, 5, 9, 0, 1, 3], "b": [5, 5, 5, 0, 2, 1, 0]},
        is_stocked_out={("a", out): True},
    )
    fill_forecasts(warehouse, {"a": [4, 1, 1, 1], "b": [1, 1, 1, 1]})
    grid = [(0.2, 0.0), (0.5, 0.0), (0.8, 2.0)]
    steps = [(u, step, q, value) for u in "ab" for step in range(1, 5) for q, value in grid]
    fill_quantiles(warehouse, "quantiles", [("bottom", *row) for row in steps])
    sums = [(u, step, 0.5, value) for u, value in (("a", 8.0), ("b", 2.0)) for step in (3, 4)]
    fill_quantiles(
        warehouse,
        "cumulative_quantiles",
        [("bottom", *row) for row in sums] + [("total", "total", 4, 0.5, 11.0)],
    )
    warehouse.run("write_parents")
    segments = [
        {"unique_id": u, "volume_class": c, "life_cycle": "active"}
        for u, c in (("a", "A"), ("b", "B"))
    ]
    warehouse.fill("segments", pd.DataFrame(segments).assign(panel_name=PANEL, cutoff=CUTOFF))
    warehouse.scales()
    warehouse.run("score_run")
    return warehouse


def test_pit_of_counts_by_hand(counted: Warehouse) -> None:
    """Of `a` 0, 1 and 3 are scored, of `b` 0, 2, 1 and 0.

    A demand of 0 has P(Y <= 0) halfway from .5 to .8, .65, and nothing below: at the levels .2 and
    .5 it counts .2/.65 and .5/.65, at .8 wholly. 2 lies from .65 to .9: (.8 - .65)/.25 = .6 at .8.
    """
    low, middle = 3 * 0.2 / 0.65, 3 * 0.5 / 0.65
    assert counted.metric("pit", quantile=0.2) == pytest.approx(low / 7)
    assert counted.metric("pit", quantile=0.5) == pytest.approx(middle / 7)
    assert counted.metric("pit", quantile=0.8) == pytest.approx((3 + 2 + 0.6) / 7)
    worst = max(abs(low / 7 - 0.2), abs(middle / 7 - 0.5), abs(5.6 / 7 - 0.8))
    assert counted.metric("pit_deviation") == pytest.approx(worst)
    of_class = {"segment_type": "volume_class", "segment": "B"}
    assert counted.metric("pit", quantile=0.8, **of_class) == pytest.approx(3.6 / 4)
    assert counted.metric("share_below", quantile=0.8, **of_class) == 0.75
    assert counted.metric("share_at_or_below", quantile=0.8, horizon_step=2, **of_class) == 1


def test_sums_are_scored_with_the_forecast_of_what_was_out_of_stock(counted: Warehouse) -> None:
    """Of four days `a` has 4 (forecast) + 0 + 1 + 3 = 8 and `b` 3; both together 11."""
    keys = {"quantile": 0.5, "horizon_step": 4}
    assert counted.metric("cumulative_share_below", **keys) == 0
    assert counted.metric("cumulative_share_at_or_below", **keys) == 0.5
    assert counted.metric("cumulative_pinball", **keys) == pytest.approx(0.5 * 0.5)
    assert counted.metric("cumulative_share_below", **keys, level="total") == 0
    assert counted.metric("cumulative_share_at_or_below", **keys, level="total") == 1
    with pytest.raises(AssertionError, match="0 rows"):  # neither 7, 14, 28 nor the last step
        counted.metric("cumulative_pinball", quantile=0.5, horizon_step=3)


def test_pit_of_right_poisson_quantiles_is_uniform(warehouse: Warehouse) -> None:
    """Against scipy's own quantiles: no level departs by more than the draw does."""
    from scipy.stats import poisson

    random = np.random.default_rng(3)
    names = [f"s{i:03d}" for i in range(400)]
    y = {name: [1.0, *random.poisson(1.3, HORIZON).astype(float)] for name in names}
    fill_panel(warehouse, y)
    fill_forecasts(warehouse, {name: [1.3] * HORIZON for name in names})
    grid = np.arange(0.05, 1, 0.05).round(2)
    rows = [
        ("bottom", name, step, float(q), float(poisson.ppf(q, 1.3)))
        for name in names
        for step in range(1, HORIZON + 1)
        for q in grid
    ]
    fill_quantiles(warehouse, "quantiles", rows)
    warehouse.run("write_parents")
    warehouse.scales()
    warehouse.run("score_run")
    assert warehouse.metric("pit_deviation") < 0.03
    assert warehouse.metric("share_at_or_below", quantile=0.5) > 0.6
