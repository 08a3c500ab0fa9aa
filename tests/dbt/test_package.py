"""Another project imports the package; its one input is a model of its own, built in the run."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from dbt.cli.main import dbtRunner

from forecaster.project import Project

ROOT = Path(__file__).parents[2]

FILES = {
    "packages.yml": f"packages: [{{local: '{ROOT / 'dbt_project'}'}}]\n",
    "profiles.yml": """
bakery:
  target: dev
  outputs:
    dev: {type: duckdb, path: oven.duckdb, schema: dev, threads: 2, keep_open: false}
""",
    "dbt_project.yml": """
name: bakery
version: 0.1.0
profile: bakery
vars:
  warehouse_forecaster:
    inputs:
      sales:
        model: orders
        columns: {order_id: number, ordered_at: sold_at, item_id: bread, quantity: loaves}
    panels:
      - name: breads
        grain: [item_id]
        frequency: day
        horizon: 7
        season_length: 7
        signed: false
        levels: [[]]
        cutoffs: {count: 2, step: 7}
    imputation: {unit_price: median}
    outliers: {method: mad, threshold: 8, periods: 91}
    business:
      {time_zone: UTC, week_start: monday, as_of: null, currency: null, late_arrival_periods: 14}
    extra_features: [{model: weather}]
""",
    "models/orders.sql": """
with days as (
    select cast(range as date) as day, date_diff('day', timestamp '2024-01-01', range) as n
    from range(timestamp '2024-01-01', timestamp '2024-08-01', interval 1 day)
)

select
    breads.bread || '-' || days.n as number,
    cast(days.day as timestamp) + interval 8 hour as sold_at,
    breads.bread,
    breads.level + days.n * 13 % 5 + case when days.n % 7 = 5 then 6 else 0 end as loaves
from days
cross join (values ('rye', 20), ('spelt', 7), ('Käsestange/gross', 3)) as breads (bread, level)
""",
    "models/weather.sql": """
select
    breads.bread as unique_id,
    cast(days.range as date) as ds,
    15 + 10 * sin(epoch(days.range) / 86400 / 58.0) as temperature,
    cast(days.range as date) - date '2024-01-01' as "order",
    cos(epoch(days.range) / 86400 / 5.0) as "Wind, o'clock"
from range(timestamp '2024-01-01', timestamp '2024-09-01', interval 1 day) as days
cross join (values ('rye'), ('spelt')) as breads (bread)
""",
    "models/models.yml": """
models:
  - name: weather
    columns:
      - name: unique_id
        config: {meta: {role: key}}
      - name: ds
        config: {meta: {role: key}}
      - name: temperature
        description: The temperature that was forecast for the day.
        config: {meta: {role: known_future, scaling: standard}}
      - name: order
        config: {meta: {role: past, scaling: log1p}}
      - name: Wind, o'clock
        config: {meta: {role: known_future, scaling: standard}}
""",
    # Names that the package uses too: neither may be taken for the package's own.
    "models/stg_sales.sql": "select 'the bakery''s own' as note",
    "macros/get_panels.sql": (
        "{% macro get_panels() %}{{ exceptions.raise_compiler_error('captured') }}{% endmacro %}"
    ),
    # The project's own rule for schemas.
    "macros/generate_schema_name.sql": (
        "{% macro generate_schema_name(custom_schema_name, node) %}"
        "bakery{{ '_' ~ custom_schema_name | trim if custom_schema_name }}{% endmacro %}"
    ),
}


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The importing project, built."""
    folder = tmp_path_factory.mktemp("bakery")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for command in ("deps", "build"):
        dbt = str(Path(sys.executable).with_name("dbt"))
        env = {**os.environ, "FORECAST_WAREHOUSE": str(folder / "never.duckdb")}
        done = subprocess.run(
            [dbt, command], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-6000:]
    return folder


@pytest.fixture
def warehouse(bakery: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(bakery / "oven.duckdb"), read_only=True)


def test_panel_holds_what_was_ordered(warehouse: duckdb.DuckDBPyConnection) -> None:
    ordered = warehouse.execute(
        "select bread, sum(loaves) from bakery.orders "
        "where sold_at < timestamp '2024-07-31' group by 1"
    ).fetchall()
    panel = warehouse.execute(
        "select item_id, sum(y) from bakery_features.panel "
        "join bakery_features.series using (panel_name, unique_id) group by 1"
    ).fetchall()
    assert sorted(panel) == sorted(ordered)


def test_panel_reaches_over_the_horizon(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "select unique_id, count(*) from bakery_features.panel where is_future group by 1"
    ).fetchall()
    assert sorted(rows) == [("Käsestange\\/gross", 7), ("rye", 7), ("spelt", 7)]


def test_own_features_reach_what_the_forecaster_reads(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    extended = warehouse.execute(
        "select unique_id, bool_and(temperature is not null) from bakery_features.panel_extended "
        "group by 1 order by 1"
    ).fetchall()
    assert extended == [("Käsestange\\/gross", False), ("rye", True), ("spelt", True)]
    catalogued = warehouse.execute(
        "select role, scaling, is_active, description from bakery_features.feature_catalog "
        "where feature_name = 'temperature'"
    ).fetchone()
    expected = ("known_future", "standard", True, "The temperature that was forecast for the day.")
    assert catalogued == expected


def test_own_features_may_have_any_name(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select feature_name, count(*), bool_and(scale <> 1) from bakery_features.scaling "
        "where feature_name in ('order', 'Wind, o''clock') group by 1 order by 1"
    ).fetchall()
    cutoffs = warehouse.execute("select count(*) from bakery_features.cutoffs").fetchone()
    assert cutoffs is not None
    assert found == [("Wind, o'clock", *cutoffs, True), ("order", *cutoffs, True)]


def test_absent_inputs_are_inactive_features(warehouse: duckdb.DuckDBPyConnection) -> None:
    active = warehouse.execute(
        "select feature_name, is_active from bakery_features.feature_catalog where feature_name in "
        "('price', 'is_promoted', 'views', 'on_hand', 'competitor_relative_price')"
    ).fetchall()
    assert len(active) == 5
    assert not any(is_active for _, is_active in active)


def test_names_of_its_own_are_not_captured(warehouse: duckdb.DuckDBPyConnection) -> None:
    counted = warehouse.execute("select count(*) from bakery_staging.stg_sales").fetchone()
    assert counted == (3 * 213,)
    own = warehouse.execute("select note from bakery.stg_sales").fetchone()
    assert own == ("the bakery's own",)


def test_the_forecaster_finds_relations_by_the_projects_rule(bakery: Path) -> None:
    project = Project(bakery, bakery)
    assert project.relation("panel") == '"bakery_features"."panel"'
    assert project.relation("runs") == '"bakery_forecasts"."runs"'


def test_a_project_that_gives_only_inputs_gets_nothing_of_the_demo(tmp_path: Path) -> None:
    """Neither its panels nor its time zone and currency."""
    sales = {"model": "orders", "columns": {"order_id": "number", "ordered_at": "sold_at"}}
    definition = {"name": "kiosk", "version": "0.1.0", "profile": "bakery"}
    definition["vars"] = {"warehouse_forecaster": {"inputs": {"sales": sales}}}
    files = {name: FILES[name] for name in ("packages.yml", "profiles.yml", "models/orders.sql")}
    (tmp_path / "models").mkdir()
    for name, text in (files | {"dbt_project.yml": json.dumps(definition)}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    asked = ", ".join(
        f"warehouse_forecaster.business('{key}')" for key in ("time_zone", "currency")
    )
    query = "{{ tojson([warehouse_forecaster.get_panels(), " + asked + "]) }}"
    places = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path), "--quiet"]
    with contextlib.chdir(tmp_path):
        assert dbtRunner().invoke(["deps", *places]).success
        done = dbtRunner().invoke(["compile", "--inline", query, *places])
    assert done.success, done.exception
    (panel,), time_zone, currency = json.loads(done.result.results[0].node.compiled_code)
    assert (panel["name"], panel["grain"], panel["frequency"]) == (
        "item_weekly",
        ["item_id"],
        "week",
    )
    assert (time_zone, currency) == ("UTC", None)
