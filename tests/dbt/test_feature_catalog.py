"""The catalogue says which features are active and, of the others, why not."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from tests.dbt.compiled import Compiled, compile_nodes

PANEL = "item_weekly"
FIRST = date(2023, 1, 2)
TABLES = {
    "settings": "panel_name text, first_period date",
    "cutoffs": "panel_name text, cutoff date",
    "feature_selection": "panel_name text, feature_name text, is_constant boolean,"
    " is_duplicate boolean, duplicate_of text, is_uninformative boolean",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return compile_nodes(tmp_path_factory.mktemp("catalog"), "feature_catalog")


def catalog(
    compiled: Compiled, years: float, judged: list[tuple[object, ...]]
) -> dict[str, str | None]:
    """Feature: why it is inactive, or None; with `years` of history before the first cutoff."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as warehouse")
    connection.execute("use warehouse")
    for name, columns in TABLES.items():
        relation = compiled.relations[name]
        connection.execute(f"create schema if not exists {relation.rsplit('.', 1)[0]}")
        connection.execute(f"create or replace table {relation} ({columns})")
    static = {"panel_name": PANEL, "category": "tea", "brand": "own"}
    rows = [static | {"brand": brand} for brand in ("own", "other")]
    named = connection.execute(
        "select unnest(regexp_extract_all($sql, 'count\\(distinct (\\w+)\\)', 1))",
        {"sql": compiled.sql["feature_catalog"]},
    ).fetchall()
    columns = ["panel_name", *(name for (name,) in named)]
    relation = compiled.relations["series"]
    listed = ", ".join(f"{name} text" for name in columns)
    connection.execute(f"create or replace table {relation} ({listed})")
    marks = ", ".join("?" * len(columns))
    connection.executemany(
        f"insert into {relation} values ({marks})",
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


@pytest.mark.parametrize(
    ("years", "reason"),
    [(1, "needs 2 years of history before the earliest cutoff"), (2, None)],
)
def test_the_course_of_a_year_needs_two(
    compiled: Compiled, years: float, reason: str | None
) -> None:
    assert catalog(compiled, years, JUDGED)["year_sin_1"] == reason
