"""Built day by day, with late and corrected rows, the tables are those of one full build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.runner import attempt, messages, run_changed
from tests.dbt.shop import Comparison, Shop, default_vars

BUILT = ["+panel_extended", "+scaling", "+segments", "+hierarchy", "+feature_catalog"]
BUILT += ["+settings", "+revisions"]

SPINE = ["panel_name", "unique_id", "ds"]
TABLES = {
    "dev_intermediate.int_demand_by_period": SPINE,
    "dev_intermediate.int_stock_by_period": SPINE,
    "dev_intermediate.int_spine": SPINE,
    "dev_intermediate.int_target": SPINE,
    "dev_intermediate.int_price_covariates": SPINE,
    "dev_intermediate.int_promotion_covariates": SPINE,
    "dev_intermediate.int_calendar_covariates": SPINE,
    "dev_intermediate.int_behaviour_covariates": SPINE,
    "dev_intermediate.int_audience_covariates": SPINE,
    "dev_intermediate.int_market_covariates": SPINE,
    "dev_features.panel": SPINE,
    "dev_features.series": ["panel_name", "unique_id"],
    "dev_features.settings": ["panel_name"],
    "dev_features.segments": ["panel_name", "cutoff", "unique_id"],
    "dev_features.scaling": ["panel_name", "cutoff", "feature_name"],
    "dev_features.hierarchy": ["panel_name", "level", "unique_id"],
    "dev_features.feature_catalog": ["panel_name", "feature_name", "relation_name"],
    "dev_features.revisions": ["panel_name", "unique_id", "ds", "revised_on", "reason"],
}


PART = "as part_2"  # how a statement ends that writes other series than the first


def vars_at(as_of: str, **others: Any) -> dict[str, Any]:
    business = default_vars()["business"] | {"as_of": f"{as_of} 00:00:00"}
    return {"business": business, **others}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop.simulated(tmp_path_factory.mktemp("raw"), seed=5)


@pytest.fixture(scope="module")
def grown(raw: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Built on one day, on the next with an old past corrected, and a week later with late rows.

    The second build writes nearly all anew; the last begins in spring, so that its windows read
    what the builds before it left, and writes in parts.
    """
    shop = raw.copy(tmp_path_factory.mktemp("grown"))
    shop.run(BUILT, vars_at("2025-05-25"))
    shop.change(
        # far beyond the late-arrival window, of inputs without a record time
        "update raw.inventory set on_hand = 0 where snapshot_on between '2024-10-01' "
        "and '2024-10-05'",
        "insert into raw.closures (ds, name) values (date '2024-11-13', 'flood')",
        # a day that was forgotten, with the record times it should have had
        order("2025-01-09", "2025-01-09T21:00:00Z", "backfilled"),
        # and what nothing but the rows themselves tells of
        "update raw.orders set unit_price = unit_price * 2 where ordered_at like '2024-12-03%'",
        "delete from raw.orders where ordered_at like '2025-02-04%'",
    )
    shop.run(BUILT, vars_at("2025-05-26"))
    shop.change(
        order("2025-05-12", "2025-05-27T09:00:00Z", "late"),
        # a plan without a record time counts as known in advance
        "insert into raw.prices select item_id, location_id, date '2025-04-15', null, "
        "price * 1.25, null "
        "from (select distinct on (item_id, location_id) * from raw.prices order by all)",
    )
    shop.run(BUILT, vars_at("2025-06-03", rows_at_once=300))
    return shop


def order(day: str, loaded_at: str, order_id: str) -> str:
    """An order of seven units of every item that was ordered on a day."""
    return (
        f"insert into raw.orders select '{order_id}' || row_number() over () as order_id, 1, "
        f"'{day}T12:00:00+02:00', item_id, location_id, customer_id, '7', unit_price, discount, "
        f"currency, false, null, null, '{loaded_at}' from (select distinct on (item_id) * from "
        "raw.orders where ordered_at like '2025-05-12%' and quantity = '1' order by all)"
    )


def full(shop: Shop, folder: Path, values: dict[str, Any]) -> Shop:
    """The same raw tables, built at once."""
    fresh = shop.copy(folder)
    fresh.change("drop schema dev_features cascade", "drop schema dev_intermediate cascade")
    fresh.run(BUILT, values)
    return fresh


def differences(one: Shop, other: Shop) -> str:
    """To the last bit: what differs there trains anew."""
    with Comparison(one.warehouse, other.warehouse) as comparison:
        found = [
            line
            for table, keys in TABLES.items()
            for line in comparison.differences(table, keys, exact=True)
        ]
    return "\n".join(found)


def test_incremental_equals_full(grown: Shop, tmp_path: Path) -> None:
    """The full build writes each table at once."""
    fresh = full(grown, tmp_path, vars_at("2025-06-03"))
    assert not differences(grown, fresh)
    assert PART in log(grown) and PART not in log(fresh)


def log(shop: Shop) -> str:
    return (shop.warehouse.parent / "logs" / "dbt.log").read_text(encoding="utf-8")


def test_a_panel_that_was_dropped_is_written_in_parts(grown: Shop, tmp_path: Path) -> None:
    again = grown.copy(tmp_path)
    again.change("drop table dev_features.panel")
    again.run(["panel"], vars_at("2025-06-03", rows_at_once=1500))
    assert not differences(again, grown)
    assert PART in log(again)


def test_a_second_build_changes_nothing(grown: Shop, tmp_path: Path) -> None:
    again = grown.copy(tmp_path)
    again.run(BUILT, vars_at("2025-06-03"))
    assert not differences(again, grown)


def test_changed_settings_rebuild_the_whole_panel(grown: Shop, tmp_path: Path) -> None:
    changed = vars_at(
        "2025-06-03",
        outliers={"method": "iqr", "threshold": 1.5, "periods": 60},
        imputation=default_vars()["imputation"] | {"price_paid": "seasonal_median"},
    )
    rebuilt = grown.copy(tmp_path / "rebuilt")
    rebuilt.run(BUILT, changed | {"rows_at_once": 1500})
    with Comparison(rebuilt.warehouse, grown.warehouse) as comparison:
        columns = ["y_train", "mean_short"]
        keys = TABLES["dev_features.panel"]
        assert comparison.differences("dev_features.panel", keys, columns)
    fresh = full(grown, tmp_path / "fresh", changed)
    assert not differences(rebuilt, fresh)


def test_a_period_that_stands_twice_is_found(grown: Shop, tmp_path: Path) -> None:
    doubled = grown.copy(tmp_path)
    command = ["test", "--select", "one_row_per_period_int_spine_"]
    assert attempt(doubled.warehouse, *command, values=vars_at("2025-06-03")).success
    doubled.change(
        "insert into dev_intermediate.int_spine select * from dev_intermediate.int_spine "
        "order by ds desc, unique_id limit 1"
    )
    done = attempt(doubled.warehouse, *command, values=vars_at("2025-06-03"))
    assert "Got 1 result" in messages(done)


def test_another_version_of_the_package_rebuilds_what_it_computes(
    grown: Shop, tmp_path: Path
) -> None:
    """Lines of days that have not changed, by a model's text; prices, by a macro's."""
    upgraded = grown.copy(tmp_path)
    changes = {
        "model int_demand_candidates": (
            "business('max_quantity')",
            "business('max_quantity') * 0 + 3",
        ),
        "macro rounded": ("6)", "1)"),
    }
    with Comparison(upgraded.warehouse, grown.warehouse) as both:
        before = both.connection.execute(STALE).fetchone()
    run_changed(upgraded.warehouse, "+int_price_covariates", vars_at("2025-06-03"), changes)
    with Comparison(upgraded.warehouse, grown.warehouse) as both:
        assert both.connection.execute(STALE).fetchone() == (0, 0)
    assert min(before) > 0


STALE = """
select
    (select count(*) from one.dev_intermediate.int_demand_lines where quantity >= 3),
    (select count(*) from one.dev_intermediate.int_price_covariates where price <> round(price, 1))
"""


def test_a_panel_of_another_version_is_named_with_the_remedy(grown: Shop, tmp_path: Path) -> None:
    older = grown.copy(tmp_path)
    older.change(
        "alter table dev_features.panel rename column is_market_trend_imputed to is_market_imputed"
    )
    command = ["run", "--select", "panel"]
    done = attempt(older.warehouse, *command, values=vars_at("2025-06-03"))
    assert not done.success
    said = " ".join(messages(done).split())
    assert "its columns differ in is_market_trend_imputed, is_market_imputed" in said
    assert "--full-refresh" in said
    assert attempt(
        older.warehouse, *command, "--full-refresh", values=vars_at("2025-06-03")
    ).success
