"""The truth behaves as a shop does: stock, prices, promotions, holidays."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from forecaster.demo import simulate
from tests.demo.conftest import view_truth

# Of the plans that cover a day, the one recorded last holds.
PRICE_THAT_HOLDS = """
select t.item_id, t.location_id, t.ds, max_by(p.price, p.known_at) as price
from truth_demand t
join raw.prices p
    on p.item_id = t.item_id and p.location_id = t.location_id
    and t.ds between p.valid_from and coalesce(p.valid_to, '9999-12-31'::date)
group by all
"""


def scalar(con: duckdb.DuckDBPyConnection, query: str) -> float:
    return con.execute(query).fetchone()[0]


def test_sold_is_demand_unless_stock_ran_out(con: duckdb.DuckDBPyConnection) -> None:
    assert scalar(con, "select count(*) from truth_demand where sold > demand") == 0
    short = "select count(*) from truth_demand where sold < demand and not is_stocked_out"
    assert scalar(con, short) == 0


def test_stock_runs_out_now_and_then(con: duckdb.DuckDBPyConnection) -> None:
    share = scalar(con, "select avg(is_stocked_out::int) from truth_demand")
    assert 0.01 < share < 0.06


def test_inventory_shows_when_stock_ran_out(con: duckdb.DuckDBPyConnection) -> None:
    disagree = """
    select count(*) from truth_demand t
    join raw.inventory i
        on i.item_id = t.item_id and i.location_id = t.location_id and i.snapshot_on = t.ds
    where t.is_stocked_out and i.on_hand > 0
    """
    assert scalar(con, disagree) == 0


def test_closed_days_sell_nothing(con: duckdb.DuckDBPyConnection) -> None:
    sold = """
    select sum(demand) from truth_demand join raw.closures using (location_id, ds)
    """
    assert scalar(con, sold) == 0


def test_holidays_lift_demand(con: duckdb.DuckDBPyConnection) -> None:
    lift = """
    select avg(expected) filter (where ds between '2024-12-10' and '2024-12-23')
        / avg(expected) filter (where ds between '2025-01-16' and '2025-02-10')
    from truth_demand join raw.items using (item_id)
    where trim(category) <> 'sports' and launched_on < '2024-08-01' and discontinued_on is null
    """
    assert scalar(con, lift) > 1.25


def test_orders_are_priced_by_the_plan_recorded_last(con: duckdb.DuckDBPyConnection) -> None:
    wrong = f"""
    with holds as ({PRICE_THAT_HOLDS})
    select count(*) from raw.orders o
    join holds h on h.item_id = o.item_id and h.location_id = o.location_id
        and h.ds = (try_cast(o.ordered_at as timestamptz) at time zone 'Europe/Berlin')::date
    where o.returned_order_id is null and o.unit_price > 0 and abs(o.unit_price - h.price) > 1e-6
    """
    assert scalar(con, wrong) == 0


def test_elasticities_can_be_recovered(tmp_path: Path) -> None:
    """Least squares of log rate on log price, against the category's other items that day.

    The comparison takes out season, weekday, holidays and growth, whatever their size. It needs
    several items a category and some years of price changes, so the default shop.
    """
    shop = simulate("default", tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(shop.warehouse), read_only=True) as con:
        view_truth(con, shop.truth_dir)
        frame = con.execute(
            f"""
            with holds as ({PRICE_THAT_HOLDS}),
            promoted as (
                select u.item_id, u.location_id, d.ds
                from truth_promotion_uplifts u
                join raw.promotions p using (promotion_id)
                join (select distinct ds from truth_demand) d
                    on d.ds between p.starts_on and p.ends_on
            ),
            ordinary as (
                select t.*, h.price, trim(i.category) as category
                from truth_demand t
                join holds h using (item_id, location_id, ds)
                join raw.items i using (item_id)
                anti join promoted using (item_id, location_id, ds)
                where t.expected > 0 and i.launched_on < '2023-01-01' and discontinued_on is null
            )
            select
                item_id, ln(price) as price,
                ln(expected) - avg(ln(expected)) over (partition by category, location_id, ds)
                    as rate,
                location_id, (ds - '2023-06-02'::date) / 365 as year
            from ordinary
            """
        ).df()
        truth = dict(con.execute("select item_id, elasticity from truth_elasticities").fetchall())
    found = {}
    for item, rows in frame.groupby("item_id"):
        places = [rows["location_id"] == place for place in rows["location_id"].unique()]
        design = np.column_stack([rows["price"], rows["year"], *places]).astype(float)
        found[item] = np.linalg.lstsq(design, rows["rate"].to_numpy(), rcond=None)[0][0]
    errors = [found[item] - truth[item] for item in found]

    assert len(found) > 20
    assert np.mean([value < 0 for value in found.values()]) > 0.8
    assert abs(np.median(errors)) < 0.5


def test_promotions_sell_more_and_are_known_before_they_start(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert scalar(con, "select min(uplift) from truth_promotion_uplifts") > 1
    assert scalar(con, "select count(*) from raw.promotions where known_at >= starts_on") == 0
    assert scalar(con, "select count(*) from raw.prices where known_at >= valid_from") == 0


def test_plans_reach_beyond_the_history(con: duckdb.DuckDBPyConnection) -> None:
    assert scalar(con, "select max(ends_on) >= '2025-08-29' from raw.promotions")
    assert scalar(con, "select max(ds) >= '2025-08-29' from raw.closures")
    assert scalar(con, "select max(ds) >= '2025-08-29' from raw.holidays")
    open_ended = """
    select count(distinct (item_id, location_id)) from raw.prices where valid_to is null
    """
    assert scalar(con, open_ended) == 16
    assert scalar(con, "select max(known_at) < '2025-07-01 10:00:00' from raw.prices")


def test_views_lead_purchases(con: duckdb.DuckDBPyConnection) -> None:
    """Of customers who view an item, more buy it within a week than bought it the week before."""
    after, before = con.execute(
        """
        with seen as (
            select customer_id, item_id, occurred_at::timestamptz as at from raw.events
            where event_type = 'view' and customer_id is not null
        ),
        bought as (
            select customer_id, item_id, occurred_at::timestamptz as at from raw.events
            where event_type = 'purchase' and customer_id is not null
        )
        select
            count(*) filter (where b.at between s.at and s.at + interval 7 day),
            count(*) filter (where b.at between s.at - interval 7 day and s.at)
        from seen s join bought b using (customer_id, item_id)
        """
    ).fetchone()

    assert after > 1.7 * before


def test_future_truth_starts_after_the_history(con: duckdb.DuckDBPyConnection) -> None:
    assert scalar(con, "select min(ds) = '2025-07-01' from truth_future")
    assert scalar(con, "select max(ds) = '2025-06-30' from truth_demand")
