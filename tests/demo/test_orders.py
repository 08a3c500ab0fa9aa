"""Cleaned of the dirt that was put in, orders give the truth back."""

from __future__ import annotations

import duckdb

# Each step is one kind of dirt: the versions of a line, what does not parse, what cannot be.
CLEANED = """
with parsed as (
    select
        order_id,
        line_number,
        trim(item_id) as item_id,
        location_id,
        try_cast(ordered_at as timestamptz) as ordered_at,
        try_cast(trim(quantity) as integer) as quantity,
        unit_price,
        is_cancelled,
        try_cast(cancelled_at as timestamptz) as cancelled_at,
        returned_order_id,
        loaded_at::timestamptz as loaded_at
    from raw.orders
),

placed as (
    select
        *,
        (ordered_at at time zone 'Europe/Berlin')::date as ds,
        (cancelled_at at time zone 'Europe/Berlin')::date as cancelled_on,
        (ordered_at at time zone 'Europe/Berlin')::date + 1 as closed_on
    from parsed
    where
        ordered_at between '2020-01-01' and '2025-07-01 10:00:00+00'
        and quantity between 1 and 100000
        and returned_order_id is null
        and coalesce(unit_price, 0) >= 0
        and item_id in (select item_id from raw.items)
),

versions as (
    select *, (loaded_at at time zone 'Europe/Berlin') < closed_on as is_known_at_close
    from placed
),

latest as (
    select * from versions
    qualify row_number() over (partition by order_id, line_number order by loaded_at desc) = 1
),

at_close as (
    select * from versions
    where is_known_at_close
    qualify row_number() over (partition by order_id, line_number order by loaded_at desc) = 1
)
"""

BY_DAY = """
select
    item_id, location_id, ds, sum(quantity) as units,
    sum(quantity) filter (where not is_cancelled) as uncancelled
from {version}
where not is_cancelled or cancelled_on > ds
group by all
"""


def differences(con: duckdb.DuckDBPyConnection, version: str, ours: str, truth: str) -> list:
    """Item-location-days on which cleaned orders and the truth disagree."""
    return con.execute(
        f"""
        {CLEANED}, by_day as ({BY_DAY.format(version=version)})
        select item_id, location_id, ds, coalesce({ours}, 0) as ours, coalesce({truth}, 0) as truth
        from by_day full join truth_demand using (item_id, location_id, ds)
        where ds < '2025-07-01' and coalesce({ours}, 0) <> coalesce({truth}, 0)
        """
    ).fetchall()


def test_orders_add_up_to_what_was_recorded(con: duckdb.DuckDBPyConnection) -> None:
    assert differences(con, "latest", "units", "recorded") == []


def test_orders_known_at_the_close_add_up(con: duckdb.DuckDBPyConnection) -> None:
    assert differences(con, "at_close", "units", "known_at_close") == []


def test_orders_less_later_cancellations_add_up(con: duckdb.DuckDBPyConnection) -> None:
    assert differences(con, "latest", "uncancelled", "latest") == []


def test_recorded_is_sold_but_for_gaps(con: duckdb.DuckDBPyConnection) -> None:
    days = con.execute(
        "select location_id, ds from truth_demand where recorded <> sold group by all"
    ).fetchall()

    assert 1 <= len(days) <= 3
    assert len({location for location, _ in days}) == 1


def test_the_last_day_has_only_its_morning(con: duckdb.DuckDBPyConnection) -> None:
    hours, last = con.execute(
        """
        select count(distinct hour(ordered_at::timestamptz)), max(loaded_at) from raw.orders
        where try_cast(ordered_at as timestamptz)
            between '2025-06-30 22:00:00+00' and '2025-07-01 21:59:59+00'
        """
    ).fetchone()

    assert 1 <= hours <= 12
    assert last < "2025-07-01T10:00:00Z"


def test_a_location_west_of_the_business_orders_yesterday(con: duckdb.DuckDBPyConnection) -> None:
    """Just after midnight in Berlin it is still the day before in London."""
    (crossing,) = con.execute(
        """
        select count(*) from raw.orders
        where location_id = 'LON-1' and try_cast(ordered_at as timestamptz) is not null
            and left(ordered_at, 10)::date <>
                (ordered_at::timestamptz at time zone 'Europe/Berlin')::date
        """
    ).fetchone()

    assert crossing > 0
