"""A panel of nodes on a small shop: its history, its calendar, and nothing from after a cutoff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.shop import Comparison, Shop

CUTOFF = dt.date(2024, 1, 10)
HORIZON = 7
LEVELS = [[], ["location_id"], ["region", "category"]]
INPUTS = {
    "demand": {"source": ["raw", "demand"], "columns": ["location_id", "revenue"]},
    "items": {"source": ["raw", "items"], "columns": ["category"]},
    "locations": {"source": ["raw", "locations"], "columns": ["region"]},
    "holidays": {"source": ["raw", "holidays"], "columns": ["region"]},
    "aggregates": {"source": ["raw", "aggregates"]},
}
VARS: dict[str, Any] = {
    "inputs": INPUTS,
    "panels": [
        {"name": "goods", "grain": ["item_id", "location_id"], "frequency": "day",
         "horizon": HORIZON, "season_length": 7, "levels": LEVELS},
        {"name": "sums", "nodes_of": "goods"},
    ],
    "business": {"time_zone": "UTC"},
    "outliers": {"method": "none"},
}  # fmt: skip
BUILT = ["+int_calendar_covariates", "+int_target", "+settings", "+series"]
# Tea sells twice as much on the feast in the north and nothing on it in the south.
SALES = """
    create or replace temp view sales as
    select item_id, category, location_id, region, cast(day as date) as ds,
        case
            when strftime(day, '%m-%d') <> '12-25' then 1
            when region = 'south' then 0
            when category = 'tea' then 2
            else 1
        end * (10 + dayofweek(day) + (hash(item_id, location_id, day) % 3)) as quantity
    from range(timestamp '2021-03-01', timestamp '2024-04-01', interval 1 day) as days(day),
        (values ('green', 'tea'), ('plum', 'jam')) as items(item_id, category),
        (values ('n', 'north'), ('s', 'south')) as places(location_id, region)
"""
RAW = [
    "create schema raw",
    SALES,
    "create table raw.items as select distinct item_id, category from sales",
    "create table raw.locations as select distinct location_id, region from sales",
    "create table raw.holidays as select distinct ds, 'feast' as name, null as region from sales "
    "where strftime(ds, '%m-%d') = '12-25' union all select date '2024-01-08', 'fair', 'south'",
    "create table raw.demand as select item_id, location_id, ds, quantity, quantity * 2 as revenue "
    "from sales where ds >= date '2023-06-01'",
    "create table raw.aggregates as "
    "select 'total' as level, 'total' as node_id, ds, sum(quantity) as quantity "
    "from sales group by ds "
    "union all select 'location_id', location_id, ds, sum(quantity) from sales group by all "
    "union all select 'region/category', region || '/' || category, ds, sum(quantity) "
    "from sales group by all "
    "union all select 'category', category, ds, sum(quantity) from sales group by all",
]


class Built:
    """The whole shop, and the same as if the day after the cutoff had not come."""

    def __init__(self, whole: Path, cut: Path) -> None:
        self.comparison = Comparison(whole, cut)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.comparison.connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("nodes")
    paths = []
    for name in ("whole", "cut"):
        (folder / name).mkdir()
        shop = Shop(folder / name / "warehouse.duckdb")
        shop.change(*RAW)
        if name == "cut":
            shop.change(
                *(f"delete from raw.{t} where ds > '{CUTOFF}'" for t in ("demand", "aggregates"))
            )
        shop.run(BUILT, VARS)
        paths.append(shop.warehouse)
    found = Built(*paths)
    with found.comparison:
        yield found


def test_a_nodes_history_is_longer_than_its_members(built: Built) -> None:
    settings = built.rows(
        "select panel_name, nodes_of, grain, first_period, horizon, n_series "
        "from one.dev_features.settings order by all"
    )
    assert settings == [
        ("goods", None, "item_id/location_id", dt.date(2023, 6, 1), HORIZON, 4),
        ("sums", "goods", "level/node_id", dt.date(2021, 3, 1), HORIZON, 7),
    ]
    nodes = built.rows(
        "select unique_id, level, region, category from one.dev_features.series "
        "where panel_name = 'sums' order by all"
    )
    assert [node[0] for node in nodes] == [
        *("location_id/n", "location_id/s"),
        *(f"region\\/category/{r}\\/{c}" for r in ("north", "south") for c in ("jam", "tea")),
        "total/total",
    ]
    assert nodes[0][1:] == ("location_id", "north", "all")  # where a shop stands is known
    left_out = built.rows(
        "select panel_name, reason, quantity = (select sum(quantity) from one.raw.aggregates "
        "where level = 'category') from one.dev_intermediate.int_panel_exclusions"
    )
    assert left_out == [("sums", "no level of goods", True)]


def test_a_node_is_the_sum_of_its_members(built: Built) -> None:
    differing = built.rows(
        """
        with members as (
            select s.region || '/' || s.category as node_id, t.ds, sum(t.y) as y
            from one.dev_intermediate.int_target as t
            join one.dev_features.series as s using (panel_name, unique_id)
            where t.panel_name = 'goods' group by all
        )
        select count(*), count(*) filter (where m.y <> t.y)
        from one.dev_intermediate.int_target as t
        join one.dev_features.series as s using (panel_name, unique_id)
        join members as m on s.node_id = m.node_id and t.ds = m.ds
        where t.panel_name = 'sums' and s.level = 'region/category' and not t.is_future
        """
    )
    assert differing == [(4 * 305, 0)]  # 2023-06-01 to 2024-03-31


def test_a_feast_does_again_what_it_did_and_members_follow_their_node(built: Built) -> None:
    effects = dict(
        built.rows(
            "select unique_id, holiday_effect from one.dev_intermediate.int_calendar_covariates "
            "where ds = '2023-12-25'"
        )
    )
    assert effects["green/n"] == effects["region\\/category/north\\/tea"] > 0.4
    assert effects["green/s"] == effects["region\\/category/south\\/tea"] < -1.5
    assert effects["green/s"] < effects["total/total"] < 0
    assert abs(effects["plum/n"]) < 0.1
    first = built.rows(
        "select max(abs(holiday_effect)) from one.dev_intermediate.int_calendar_covariates "
        "where ds < '2022-12-20'"
    )
    assert first == [(0,)]  # nothing is known of the first feast


def test_holidays_of_a_node_are_those_of_its_places(built: Built) -> None:
    shares = dict(
        built.rows(
            "select unique_id, is_holiday from one.dev_intermediate.int_calendar_covariates "
            "where ds = '2024-01-08' and panel_name = 'sums'"
        )
    )
    assert shares["location_id/n"] == shares["region\\/category/north\\/tea"] == 0
    assert shares["location_id/s"] == shares["region\\/category/south\\/jam"] == 1
    assert shares["total/total"] == 0.5


@pytest.mark.parametrize(
    ("table", "end"),
    [
        ("dev_intermediate.int_target", CUTOFF),
        ("dev_intermediate.int_calendar_covariates", CUTOFF + dt.timedelta(days=HORIZON)),
    ],
)
def test_nothing_later_is_known(built: Built, table: str, end: dt.date) -> None:
    until = f"ds <= date '{end}'"
    differences = built.comparison.differences(
        table, ["panel_name", "unique_id", "ds"], where_one=until, where_other=until, exact=True
    )
    assert not differences, "\n".join(differences)
