"""The report: what it says is what the tables hold, in one file that needs nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from forecaster import marts, report, run
from forecaster.demo import simulate
from forecaster.errors import BAD_INPUT, LOCKED, ForecastError
from forecaster.marts import Marts, variant_names
from forecaster.project import Project
from forecaster.publish import publish
from forecaster.warehouse import Warehouse

PANEL = "item_weekly"
MAX_BYTES = 15_000_000


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The tiny shop, built, trained and backtested with the baselines."""
    folder = tmp_path_factory.mktemp("shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("FORECAST_WAREHOUSE", str(folder / "warehouse.duckdb"))
        simulate("tiny", folder / "warehouse.duckdb", seed=1)
        project = Project()
        project.dbt("run")
        yield project


@pytest.fixture(scope="module")
def before(project: Project) -> dict[str, Any]:
    """The page's data before anything was trained."""
    return report.collect(Warehouse(project))


@pytest.fixture(scope="module")
def data(project: Project, before: dict[str, Any]) -> dict[str, Any]:
    """The page's data with two models backtested and one in use."""
    assert before["panels"]
    run.train(project, [], "seasonal_mean")
    run.backtest(project, [], ["seasonal_naive", "seasonal_mean"])
    return report.collect(Warehouse(project))


@pytest.fixture
def warehouse(project: Project, data: dict[str, Any]) -> Warehouse:
    assert data["panels"]
    return Warehouse(project)


def panel_of(data: dict[str, Any], name: str = PANEL) -> dict[str, Any]:
    return next(panel for panel in data["panels"] if panel["name"] == name)


class Tags(HTMLParser):
    """What a page would load, and its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def data_of(page: str) -> dict[str, Any]:
    """The page's data, read as the browser reads it."""
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert text
    return json.loads(text[1])


def test_before_training_there_is_history_and_nothing_else(before: dict[str, Any]) -> None:
    panel = panel_of(before)
    assert panel["series"]
    assert panel["champion"] is None
    assert panel["accuracy"] == panel["backtests"] == panel["training"] == panel["runs"] == []
    assert not any("live" in one for one in panel["series"])
    assert "rows" in before["inputs_words"]


def test_every_series_and_node_can_be_picked(data: dict[str, Any], warehouse: Warehouse) -> None:
    for panel in data["panels"]:
        nodes = warehouse.rows(
            "select distinct level, node_id from {hierarchy} "
            "where panel_name = $panel and unique_id in "
            "(select unique_id from {fct_demand} where panel_name = $panel)",
            panel=panel["name"],
        )
        shown = {(one["level"], one["id"]) for one in panel["series"]}
        assert shown == {(row["level"], row["node_id"]) for row in nodes}
        assert panel["left_out"] == 0


def test_history_is_that_of_the_mart(data: dict[str, Any], warehouse: Warehouse) -> None:
    panel = panel_of(data)
    total = next(one for one in panel["series"] if one["level"] == "total")
    rows = warehouse.rows(
        "select strftime(ds, '%Y-%m-%d') as ds, sum(demand) as demand from {fct_demand} "
        "where panel_name = $panel group by ds order by ds",
        panel=PANEL,
    )
    assert panel["ds"][total["start"]] == rows[0]["ds"]
    assert total["y"] == [pytest.approx(row["demand"], rel=1e-3) for row in rows]


def test_live_forecast_is_that_of_the_mart(data: dict[str, Any], warehouse: Warehouse) -> None:
    panel = panel_of(data)
    assert panel["champion"] == "seasonal_mean"
    rows = warehouse.rows(
        "select unique_id, strftime(min(ds), '%Y-%m-%d') as start, list(yhat order by ds) as yhat, "
        "list(yhat_upper order by ds) as upper from {fct_forecasts} where panel_name = $panel "
        "group by unique_id",
        panel=PANEL,
    )
    shown = {one["id"]: one["live"] for one in panel["series"] if one["level"] == "bottom"}
    assert set(shown) == {row["unique_id"] for row in rows}
    for row in rows:
        live = shown[row["unique_id"]]
        assert panel["ds"][live["start"]] == row["start"]
        assert live["yhat"] == [pytest.approx(value, rel=1e-3) for value in row["yhat"]]
        assert live["upper"] == [pytest.approx(value, rel=1e-3) for value in row["upper"]]
        assert len(live["quantiles"]) == 9
        assert all(len(values) == panel["horizon"] for values in live["quantiles"].values())


def test_backtests_stand_where_they_were_made(data: dict[str, Any], warehouse: Warehouse) -> None:
    panel = panel_of(data)
    made = {(one["model"], panel["ds"][one["start"] - 1]) for one in panel["backtests"]}
    rows = warehouse.rows(
        "select distinct model_name, strftime(cutoff, '%Y-%m-%d') as cutoff "
        "from {fct_forecast_vs_actual} where panel_name = $panel and kind = 'backtest'",
        panel=PANEL,
    )
    assert made == {(row["model_name"], row["cutoff"]) for row in rows}
    assert all(len(one["yhat"]) == len(panel["series"]) for one in panel["backtests"])


def test_accuracy_is_that_of_the_mart(data: dict[str, Any], warehouse: Warehouse) -> None:
    panel = panel_of(data)
    rows = warehouse.rows(
        "select model_name, strftime(cutoff, '%Y-%m-%d') as cutoff, rmsse "
        "from {fct_forecast_accuracy} where panel_name = $panel and kind = 'backtest' "
        "and level = 'bottom' and segment_type is null and horizon_step is null "
        "and stockouts = 'left out' and actuals = 'first known'",
        panel=PANEL,
    )
    shown = {
        (one["model"], one["cutoff"]): one["value"]
        for one in panel["accuracy"]
        if one["level"] == "bottom" and one["metric"] == "rmsse"
    }
    assert len(rows) == 6
    assert shown == {
        (row["model_name"], row["cutoff"]): pytest.approx(row["rmsse"], rel=1e-3) for row in rows
    }
    steps = {one["step"] for one in panel["steps"] if one["metric"] == "mae"}
    assert steps == set(range(1, panel["horizon"] + 1))


def test_a_failed_run_is_listed_and_not_shown(
    project: Project, data: dict[str, Any], warehouse: Warehouse
) -> None:
    with warehouse.connect(write=True) as con:
        runs = project.relation("runs")
        con.execute(
            f"update {runs} set status = 'failed', error = 'out of disk' "
            "where kind = 'backtest' and model_name = 'seasonal_naive'"
        )
    try:
        panel = panel_of(report.collect(warehouse, [PANEL]))
    finally:
        with warehouse.connect(write=True) as con:
            con.execute(f"update {runs} set status = 'complete', error = null")
    assert {one["model"] for one in panel["backtests"]} == {"seasonal_mean"}
    assert any(one["error"] == "out of disk" for one in panel["runs"])
    assert {one["model"] for one in panel_of(data)["backtests"]} == {
        "seasonal_mean",
        "seasonal_naive",
    }


def test_data_quality_is_that_of_the_mart(data: dict[str, Any], warehouse: Warehouse) -> None:
    counted = [row for row in marts.quality(warehouse) if row["subject"] == "input"]
    assert sum(row["rows"] for row in data["inputs"]) == sum(row["n_rows"] for row in counted)
    assert {"exact duplicate", "rows read"} <= {row["check"] for row in data["inputs"]}
    assert all(row["subject"] == PANEL for row in panel_of(data)["quality"])
    assert panel_of(data)["quality"]


def test_series_beyond_the_budget_are_left_out_and_counted(warehouse: Warehouse) -> None:
    panel = "customer_weekly"
    (settings,) = marts.panel_settings(warehouse, [panel])
    shown = report.collect_panel(Marts(warehouse, panel), settings, budget=1)
    assert len(shown["series"]) == 50
    assert shown["left_out"] > 0
    assert any(one["level"] == "total" for one in shown["series"])


def test_page_is_one_small_file_that_loads_nothing(
    project: Project, data: dict[str, Any], tmp_path: Path
) -> None:
    out = report.write_report(project, tmp_path / "new" / "report.html")
    page = out.read_text(encoding="utf-8")
    assert out.stat().st_size < MAX_BYTES
    tags = Tags()
    tags.feed(page)
    assert tags.loads == []
    assert tags.names.count("script") == 3
    assert "link" not in tags.names
    assert "default-src 'none'" in page
    assert data_of(page)["panels"] == json.loads(json.dumps(data["panels"]))
    assert [path.name for path in out.parent.iterdir()] == ["report.html"]


def test_names_are_text_whatever_they_hold() -> None:
    evil = "</script><script>alert('1')</script><!-- & \u2028 /*{plotly}*/ \\1"
    page = report.render({"panels": [], "inputs": [], "standing": evil})
    tags = Tags()
    tags.feed(page)
    assert tags.names.count("script") == 3
    assert data_of(page)["standing"] == evil


def test_script_never_writes_html() -> None:
    script = (report.TEMPLATES / "page.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", script)


def test_a_panel_that_is_not_there(warehouse: Warehouse) -> None:
    with pytest.raises(ForecastError, match="no panel nothing") as refused:
        report.collect(warehouse, ["nothing"])
    assert refused.value.exit_code == BAD_INPUT


def test_a_page_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ForecastError, match="cannot write") as refused:
        report.write_report(project, tmp_path / "file" / "report.html")
    assert refused.value.exit_code == LOCKED


def test_nothing_is_left_of_a_page_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    """The page is whole beside its place, which a folder holds."""
    (tmp_path / "report.html").mkdir()
    with pytest.raises(ForecastError, match="cannot write") as refused:
        report.write_report(project, tmp_path / "report.html")
    assert str(tmp_path / "report.html") in refused.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_published_marts_hold_the_same(project: Project, data: dict[str, Any]) -> None:
    """The whole way: the real project's marts, published, with the forecasts of the page."""
    import duckdb

    publication = publish(project)
    assert {"fct_forecasts", "forecast_bigquery", "forecast_snowflake"} <= set(publication.rows)
    with duckdb.connect(str(publication.database), read_only=True) as con:
        total = con.execute(
            "select sum(forecast) from forecast_snowflake where panel_name = ?", [PANEL]
        ).fetchone()
    shown = sum(
        sum(one["live"]["yhat"]) for one in panel_of(data)["series"] if one["level"] == "bottom"
    )
    assert total and total[0] == pytest.approx(shown, rel=1e-3)


def test_a_model_tried_with_several_settings_is_named_by_them():
    def of(model: str, **settings: object) -> dict[str, str]:
        stored = json.dumps({"run": {"seed": 1}, "model": settings})
        return {"model_name": model, "settings_fingerprint": stored, "settings": stored}

    runs = [
        of("seasonal_mean", n_seasons=4, trend=False),
        of("seasonal_mean", n_seasons=8, trend=False),
        of("lstm", units=64),
    ]
    assert list(variant_names(runs).values()) == [
        "seasonal_mean (n_seasons=4)",
        "seasonal_mean (n_seasons=8)",
        "lstm",
    ]


def test_a_node_whose_members_have_two_champions_is_their_sum(
    project: Project, data: dict[str, Any], warehouse: Warehouse
) -> None:
    mart = project.relation("fct_forecasts")
    first = panel_of(data)["series"]
    one = next(s["id"] for s in first if s["level"] == "bottom")
    name = one.replace("'", "''")
    where = f"where panel_name = '{PANEL}' and unique_id = '{name}'"
    (run_id,) = {r["run_id"] for r in warehouse.rows(f"select run_id from {mart} {where}")}
    with warehouse.transaction() as connection:
        connection.execute(f"update {mart} set yhat = yhat + 7, run_id = 'another' {where}")
    try:
        shown = panel_of(report.collect(warehouse))
    finally:
        with warehouse.transaction() as connection:
            connection.execute(f"update {mart} set yhat = yhat - 7, run_id = '{run_id}' {where}")
    assert shown["champion"] == "seasonal_mean"
    for before, after in zip(first, shown["series"], strict=True):
        if "live" not in before:
            continue
        is_changed = before["level"] == "total" or before["id"] == one
        more = 7 if is_changed else 0
        if before["level"] in ("total", "bottom"):
            assert after["live"]["yhat"] == pytest.approx(
                [value + more for value in before["live"]["yhat"]], rel=1e-3
            )
        if before["level"] == "total":
            assert not after["live"]["quantiles"]
