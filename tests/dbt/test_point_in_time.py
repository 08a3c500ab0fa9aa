"""No row up to a cutoff changes when what was recorded after it is taken away, or is otherwise.

The whole shop is built once; then, for several cutoffs, a copy from which everything recorded later
is removed is built as of the cutoff's end, and every table that the forecaster reads is compared.
For one of them a copy in which what was recorded later has other quantities, prices and stock is
built as the whole was: there no `as_of` holds the future back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.dbt.shop import Comparison, Shop, default_vars

# a Sunday, so that a week has just ended, and days within a week
CUTOFFS = [dt.date(2025, 2, 16), dt.date(2025, 3, 19), dt.date(2025, 4, 28)]
BUILT = ["+panel_extended", "+scaling", "+segments", "+series", "+feature_catalog", "+revisions"]
BUILT += ["+int_metric_scales"]
CASES = [*((day, "removed") for day in CUTOFFS), (CUTOFFS[1], "changed")]

PANEL_KEYS = ["panel_name", "unique_id", "ds"]


def last_complete(frequency: str, day: dt.date) -> dt.date:
    """The last period that is over when the day is."""
    if frequency == "day":
        return day
    monday = day - dt.timedelta(days=day.weekday())
    return monday if day.weekday() == 6 else monday - dt.timedelta(days=7)


def vars_of(as_of: str | None) -> dict[str, Any]:
    values = default_vars()
    for panel in values["panels"]:
        panel["cutoffs"] = [str(last_complete(panel["frequency"], day)) for day in CUTOFFS]
    values["business"] = values["business"] | {"as_of": as_of}
    return {name: values[name] for name in ("panels", "business")}


def recorded_later(end: str) -> dict[str, str]:
    """The condition, by raw table, of what was recorded at or after `end` (business time)."""
    moment = f"timezone('Europe/Berlin', timestamp '{end}')"
    recorded = "coalesce(try_cast({0} as timestamptz), try_cast({1} as timestamptz))"
    utc = f"timezone('UTC', {moment})"
    return {
        "orders": f"{recorded.format('loaded_at', 'ordered_at')} >= {moment}",
        "events": f"{recorded.format('loaded_at', 'occurred_at')} >= {moment}",
        "inventory": f"snapshot_on >= timestamp '{end}'",
        "prices": f"known_at >= {utc}",
        "promotions": f"known_at >= {utc}",
        "market": f"coalesce(known_at, cast(ds as timestamp)) >= {utc}",
        "customers": f"joined_on >= timestamp '{end}'",
        "items": f"launched_on >= timestamp '{end}'",
    }


def take_back(end: str) -> list[str]:
    """What was noted at or after `end` in rows that stay."""
    moment = f"timezone('Europe/Berlin', timestamp '{end}')"
    return [
        "update raw.orders set is_cancelled = false, cancelled_at = null "
        f"where try_cast(cancelled_at as timestamptz) >= {moment}",
        f"update raw.items set discontinued_on = null where discontinued_on >= timestamp '{end}'",
    ]


def cut(shop: Shop, end: str) -> None:
    """Remove what was recorded at or after `end`."""
    shop.change(
        *(f"delete from raw.{table} where {later}" for table, later in recorded_later(end).items()),
        *take_back(end),
    )


def alter(shop: Shop, end: str) -> None:
    """Keep what was recorded at or after `end`, with other values."""
    changes = {
        "orders": "quantity = cast(7 * try_cast(quantity as integer) as varchar), "
        "unit_price = 3 * unit_price",
        "events": "event_type = case event_type when 'view' then 'cart' else 'view' end",
        "inventory": "on_hand = case when on_hand > 0 then 0 else 50 end",
        "prices": "price = 3 * price",
        "promotions": "discount = discount / 2",
        "market": "competitor_price = 3 * competitor_price, "
        "competitor_sales = 7 * competitor_sales, trend_index = 3 * trend_index",
        "customers": "birth_year = birth_year - 20",
        "items": "list_price = 3 * list_price",
    }
    later = recorded_later(end)
    shop.change(
        *(
            f"update raw.{table} set {values} where {later[table]}"
            for table, values in changes.items()
        ),
        *take_back(end),
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("whole")
    raw = Shop.simulated(folder / "raw")
    shop = raw.copy(folder / "built")
    shop.raw = raw  # type: ignore[attr-defined]
    shop.run(BUILT, vars_of(None))
    yield shop


class Pair(NamedTuple):
    """A shop without what came after a day, or with another future, beside the whole one."""

    comparison: Comparison
    day: dt.date
    future: str


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def pair(
    request: pytest.FixtureRequest, whole: Shop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    day, future = request.param
    folder: Path = tmp_path_factory.mktemp(f"{future}_{day:%Y%m%d}")
    shop = whole.raw.copy(folder)  # type: ignore[attr-defined]
    end = f"{day + dt.timedelta(days=1)} 00:00:00"
    if future == "removed":
        cut(shop, end)
    else:
        alter(shop, end)
    shop.run(BUILT, vars_of(end if future == "removed" else None))
    with Comparison(shop.warehouse, whole.warehouse) as comparison:
        yield Pair(comparison, day, future)


def periods(day: dt.date, offset: str = "") -> str:
    """A condition on each panel's rows up to the last period that is over (and `offset` on)."""
    ends = {
        panel["name"]: (
            last_complete(panel["frequency"], day),
            panel["horizon"] * {"day": 1, "week": 7}[panel["frequency"]],
        )
        for panel in default_vars()["panels"]
    }
    return " or ".join(
        f"panel_name = '{name}' and ds {'>' if offset else '<='} date '{last}'"
        + (f" and ds <= date '{last}' + {length}" if offset else "")
        for name, (last, length) in ends.items()
    )


def names(comparison: Comparison, roles: tuple[str, ...]) -> list[str]:
    return [
        name
        for (name,) in comparison.connection.execute(
            "select distinct feature_name from other.dev_features.feature_catalog "
            f"where relation_name = 'panel_extended' and role in {roles} order by 1"
        ).fetchall()
    ]


def test_history_is_the_same(pair: Pair) -> None:
    comparison, day, _ = pair
    where = periods(day)
    found = comparison.differences(
        "dev_features.panel", PANEL_KEYS, where_one=where, where_other=where
    )
    assert not found, "\n".join(found)


def test_what_is_known_in_advance_is_the_same(pair: Pair) -> None:
    comparison, day, _ = pair
    columns = ["period_index", *names(comparison, ("known_future", ""))]
    assert len(columns) > 20
    # series that begin later are in the whole shop alone
    known = (
        "exists (select 1 from one.dev_features.series as s where s.panel_name = {0}.panel_name "
        "and s.unique_id = {0}.unique_id)"
    )
    found = comparison.differences(
        "dev_features.panel",
        PANEL_KEYS,
        columns,
        where_one=periods(day, "future"),
        where_other=f"({periods(day, 'future')}) and {known.format('panel')}",
    )
    assert not found, "\n".join(found)


def test_target_knows_nothing_beyond(pair: Pair) -> None:
    comparison, day, future = pair
    if future == "changed":
        # all that was changed arrived, after the day
        beyond = periods(day, "future")
        columns = ["y", "price_paid", "views", "on_hand", "competitor_sales"]
        found = comparison.differences("dev_features.panel", PANEL_KEYS, columns, beyond, beyond)
        assert len(found) == len(columns), found
        return
    columns = ("y", "y_train", *names(comparison, ("past", "weight")))
    known = comparison.connection.execute(
        f"select count(*) from one.dev_features.panel where ({periods(day, 'future')}) "
        f"and coalesce({', '.join(f'cast({name} as double)' for name in columns)}) is not null"
    ).fetchone()
    assert known == (0,)


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("dev_features.scaling", ["panel_name", "cutoff", "feature_name"]),
        ("dev_features.segments", ["panel_name", "cutoff", "unique_id"]),
        ("dev_intermediate.int_metric_scales", ["panel_name", "cutoff", "level", "unique_id"]),
    ],
)
def test_what_is_decided_at_the_cutoff_is_the_same(pair: Pair, table: str, keys: list[str]) -> None:
    comparison, day, _ = pair
    at_cutoff = " or ".join(
        f"panel_name = '{panel['name']}' and cutoff = date '"
        f"{last_complete(panel['frequency'], day)}'"
        for panel in default_vars()["panels"]
    )
    found = comparison.differences(table, keys, where_one=at_cutoff, where_other=at_cutoff)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("feature_selection", ["panel_name", "feature_name"]),
        ("feature_catalog", ["panel_name", "feature_name", "relation_name"]),
    ],
)
def test_the_choice_of_features_is_the_same(pair: Pair, table: str, keys: list[str]) -> None:
    """It is made at the earliest cutoff, which need not be that of the whole shop later on."""
    comparison, day, future = pair
    if future == "removed" and day != min(CUTOFFS):
        pytest.skip("of so short a history another cutoff is the earliest with its actuals")
    table = f"dev_features.{table}"
    # counts of distinct values tell sums apart that differ in their last bit
    columns = [name for name in comparison.columns(table) if name != "n_distinct"]
    found = comparison.differences(table, keys, columns)
    assert not found, "\n".join(found)


def test_series_are_the_same(pair: Pair) -> None:
    comparison, day, _ = pair
    begun = periods(day).replace(" ds ", " first_ds ")
    found = comparison.differences(
        "dev_features.series", ["panel_name", "unique_id"], where_one=begun, where_other=begun
    )
    assert not found, "\n".join(found)


def test_revisions_by_then_are_the_same(pair: Pair) -> None:
    comparison, day, _ = pair
    by_then = f"({periods(day)}) and revised_on <= date '{day}'"
    found = comparison.differences(
        "dev_features.revisions",
        ["panel_name", "unique_id", "ds", "revised_on", "reason"],
        where_one=by_then,
        where_other=by_then,
    )
    assert not found, "\n".join(found)


def test_the_cut_takes_something_away(pair: Pair) -> None:
    """A test that removes or changes nothing proves nothing."""
    comparison, _, future = pair
    for table in ("orders", "events", "inventory", "prices", "promotions", "market"):
        kept, all_rows = (
            comparison.connection.execute(f"select count(*) from {side}.raw.{table}").fetchone()[0]
            for side in ("one", "other")
        )
        assert (0 < kept < all_rows) if future == "removed" else (0 < kept == all_rows), table
        if future == "changed":
            changed = comparison.connection.execute(
                f"select count(*) from (from one.raw.{table} except all from other.raw.{table})"
            ).fetchone()[0]
            assert 0 < changed < all_rows, table
