"""Every kind of dirt is in the raw tables, as often as the truth says."""

from __future__ import annotations

import duckdb
import pytest

COUNTS = {
    ("orders", "negative_quantity"): "quantity = '-3' and returned_order_id is null",
    ("orders", "zero_quantity"): "quantity = '0'",
    ("orders", "absurd_quantity"): "quantity = '999999'",
    ("orders", "negative_price"): "unit_price < 0",
    ("orders", "unparseable_date"): "try_cast(ordered_at as timestamptz) is null",
    ("orders", "ancient_date"): "try_cast(ordered_at as timestamptz) < '1900-01-01'",
    ("orders", "unparseable_quantity"): "try_cast(trim(quantity) as integer) is null",
    ("orders", "future_date"): "try_cast(ordered_at as timestamptz) > '2025-07-02'::timestamptz",
    ("orders", "unknown_item"): "trim(item_id) not in (select item_id from raw.items)",
    ("orders", "return"): "returned_order_id is not null",
    ("orders", "bulk"): "order_id like 'B%'",
    ("orders", "padded_item_id"): "item_id <> trim(item_id)",
    ("orders", "padded_quantity"): "quantity <> trim(quantity)",
    ("orders", "lower_case_currency"): "currency = ' eur'",
    ("orders", "empty_customer_id"): "customer_id = ''",
    ("orders", "cancelled_same_day"): "order_id like 'K%' and is_cancelled",
    ("orders", "cancelled_later"): "order_id like 'O%' and is_cancelled",
    ("events", "junk_type"): "event_id like 'Z%'",
    ("events", "upper_case_type"): "event_type like ' %'",
    ("events", "unknown_item"): "item_id = 'NO-SUCH-ITEM' and event_id like 'Y%'",
    ("events", "robot_views"): "session_id = 'S-ROBOT'",
    ("customers", "missing_birth_year"): "birth_year is null",
    ("customers", "impossible_birth_year"): "birth_year = 1850",
    ("customers", "empty_region"): "region = ''",
    ("customers", "upper_case_gender"): "gender <> lower(trim(gender))",
    ("items", "missing_list_price"): "list_price is null",
    ("items", "empty_brand"): "brand = ''",
    ("items", "padded_category"): "category <> trim(category)",
    ("items", "mojibake_description"): "description like '%Ã%'",
    ("inventory", "negative_stock"): "on_hand < 0",
}


def injected(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    rows = con.execute('select "table", kind, n_rows from truth_dirt').fetchall()
    return {(table, kind): n_rows for table, kind, n_rows in rows}


def test_every_kind_was_injected(con: duckdb.DuckDBPyConnection) -> None:
    counts = injected(con)

    assert len(counts) >= 40
    assert [key for key, n_rows in counts.items() if n_rows < 1] == []


@pytest.mark.parametrize(("table", "kind"), COUNTS, ids=lambda value: value)
def test_a_kind_is_as_frequent_as_said(
    con: duckdb.DuckDBPyConnection, table: str, kind: str
) -> None:
    query = f"select count(*) from raw.{table} where {COUNTS[table, kind]}"

    assert con.execute(query).fetchone()[0] == injected(con)[table, kind]


def test_duplicates_and_second_records(con: duckdb.DuckDBPyConnection) -> None:
    counts = injected(con)
    exact, same_but_loaded, versions = con.execute(
        """
        with lines as (
            select
                order_id, line_number, loaded_at,
                row(order_id, line_number, ordered_at, item_id, quantity, unit_price, cancelled_at)
                    as content
            from raw.orders
        )
        select
            count(*) - count(distinct row(content, loaded_at)),
            count(distinct row(content, loaded_at)) - count(distinct content),
            count(distinct content) - count(distinct (order_id, line_number))
        from lines
        """
    ).fetchone()

    assert exact == counts["orders", "exact_duplicate"]
    assert same_but_loaded == counts["orders", "double_sent"]
    restated = counts["orders", "restated_same_day"] + counts["orders", "restated_later"]
    assert versions == restated + counts["orders", "cancelled_later"]


def test_late_rows_are_known_after_their_day(con: duckdb.DuckDBPyConnection) -> None:
    (late,) = con.execute(
        """
        with first as (
            select
                min(loaded_at::timestamptz) as loaded_at,
                any_value(try_cast(ordered_at as timestamptz)) as ordered_at
            from raw.orders group by order_id, line_number
        )
        select count(*) from first
        where ordered_at > '2000-01-01' and (loaded_at at time zone 'Europe/Berlin')::date
            > (ordered_at at time zone 'Europe/Berlin')::date
        """
    ).fetchone()

    assert late == injected(con)["orders", "late"]


def test_revised_plans_keep_both_records(con: duckdb.DuckDBPyConnection) -> None:
    prices, promotions = con.execute(
        """
        select
            (select count(*) - count(distinct (item_id, location_id, valid_from)) from raw.prices),
            (select count(*) - count(distinct promotion_id) from raw.promotions)
        """
    ).fetchone()
    counts = injected(con)

    assert prices == counts["prices", "revised_plan"]
    assert promotions == counts["promotions", "revised_plan"]
