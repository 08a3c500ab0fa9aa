"""The catalogue says which features are active and, of the others, why not."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from tests.dbt.compiled import Compiled, compile_nodes

PANEL = "item_weekly"
FIRST = date(2023, 1, 2)
STATIC = [
    *("level", "category", "subcategory", "brand", "supplier_id", "warehouse_id", "region"),
    *("customer_gender", "customer_region", "description", "list_price", "unit_cost", "volume"),
    *("weight", "pack_size", "lead_time", "customer_age"),
]
TABLES = {
    "settings": "panel_name text, first_period date",
    "cutoffs": "panel_name text, cutoff date",
    "feature_selection": "panel_name text, feature_name text, is_constant boolean,"
    " is_duplicate boolean, duplicate_of text, is_uninformative boolean",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return compile_nodes(tmp_path_factory.mktemp("catalog"), "feature_catalog")


SERIES: list[dict[str, object]] = [{"brand": "own"}, {"brand": "other"}]


def catalog(
    compiled: Compiled,
    years: float,
    judged: list[tuple[object, ...]],
    series: list[dict[str, object]] = SERIES,
) -> dict[str, str | None]:
    """Feature: why it is inactive, or None; with `years` of history before the first cutoff."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as warehouse")
    connection.execute("use warehouse")
    for name, columns in TABLES.items():
        relation = compiled.relations[name]
        connection.execute(f"create schema if not exists {relation.rsplit('.', 1)[0]}")
        connection.execute(f"create or replace table {relation} ({columns})")
    static = {"panel_name": PANEL, "category": "tea", "first_ds": FIRST}
    rows = [static | {"unique_id": str(number)} | row for number, row in enumerate(series)]
    relation = compiled.relations["series"]
    columns = ["panel_name", "unique_id", "first_ds", *STATIC]
    listed = ", ".join(f"{name} text" for name in columns if name != "first_ds")
    connection.execute(f"create or replace table {relation} ({listed}, first_ds date)")
    marks = ", ".join("?" * len(columns))
    connection.executemany(
        f"insert into {relation} ({', '.join(columns)}) values ({marks})",
        [[row.get(name) for name in columns] for row in rows],
    )
    connection.execute(
        f"insert into {compiled.relations['settings']} values (?, ?)", [PANEL, FIRST]
    )
    for n_days in (years * 364, years * 364 + 56):
        connection.execute(
            f"insert into {compiled.relations['cutoffs']} values (?, ?)",
            [PANEL, FIRST + timedelta(days=n_days)],
        )
    connection.executemany(
        f"insert into {compiled.relations['feature_selection']} values (?, ?, ?, ?, ?, ?)",
        [(PANEL, *row) for row in judged],
    )
    found = connection.sql(compiled.sql["feature_catalog"]).filter(f"panel_name = '{PANEL}'")
    return dict(found.project("feature_name, inactive_reason").fetchall())


JUDGED = [
    ("lag_1", False, False, None, False),
    ("mean_short", False, True, "lag_1", False),
    ("price", True, False, None, False),
    ("views", False, False, None, True),
    ("year_sin_1", False, False, None, False),
]


def test_what_was_found_of_a_feature_is_its_reason(compiled: Compiled) -> None:
    reasons = catalog(compiled, 2, JUDGED)
    assert reasons["lag_1"] is None
    assert reasons["mean_short"] == "says the same as lag_1"
    assert reasons["price"] == "never varies up to the earliest cutoff"
    assert reasons["views"] == "says nothing about demand up to the earliest cutoff"
    assert reasons["carts"] == "no history before the earliest cutoff"


def test_static_features_are_active_where_series_differ(compiled: Compiled) -> None:
    reasons = catalog(compiled, 2, JUDGED)
    assert reasons["brand"] is None
    assert reasons["category"] == "all series are alike"


def test_a_static_feature_that_goes_one_to_one_with_another_is_a_repetition(
    compiled: Compiled,
) -> None:
    """Two brands of one supplier do not go one to one with it; three names for a place do."""
    places = [("w1", "north", "p"), ("w2", "south", "p"), ("w3", "west", "q")]
    series: list[dict[str, object]] = [
        {"warehouse_id": warehouse, "region": region, "supplier_id": supplier, "brand": brand,
         "customer_region": region}
        for warehouse, region, supplier in places
        for brand in (f"{supplier}1", f"{supplier}2")
    ]  # fmt: skip
    reasons = catalog(compiled, 2, JUDGED, series)
    assert reasons["warehouse_id"] is None
    assert reasons["region"] == "says the same as warehouse_id"
    assert reasons["customer_region"] == "says the same as warehouse_id"
    assert reasons["supplier_id"] is None
    assert reasons["brand"] is None
    assert reasons["category"] == "all series are alike"


def test_series_that_begin_after_the_earliest_cutoff_choose_nothing(compiled: Compiled) -> None:
    """One more brand, and a region with two warehouses, come later than any choice may look."""
    earliest = FIRST + timedelta(days=2 * 364)
    series: list[dict[str, object]] = [
        {"brand": "own", "warehouse_id": "w1", "region": "north", "first_ds": FIRST},
        {"brand": "own", "warehouse_id": "w2", "region": "south", "first_ds": earliest},
    ]
    later: dict[str, object] = {
        "brand": "other", "warehouse_id": "w3", "region": "south",
        "first_ds": earliest + timedelta(days=1),
    }  # fmt: skip
    reasons = catalog(compiled, 2, JUDGED, [*series, later])
    assert reasons["brand"] == "all series are alike"
    assert reasons["region"] == "says the same as warehouse_id"
    assert reasons == catalog(compiled, 2, JUDGED, series)
    none_yet = catalog(compiled, 2, JUDGED, [later])
    assert none_yet["brand"] == "no series had begun by the earliest cutoff"
    assert none_yet["item_id"] is None


@pytest.mark.parametrize(
    ("years", "reason"),
    [(1, "needs 2 years of history before the earliest cutoff"), (2, None)],
)
def test_the_course_of_a_year_needs_two(
    compiled: Compiled, years: float, reason: str | None
) -> None:
    assert catalog(compiled, years, JUDGED)["year_sin_1"] == reason
