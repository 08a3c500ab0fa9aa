"""No row up to a cutoff changes when what was recorded after it is taken away.

The whole shop is built once; then, for several cutoffs, a copy from which everything recorded later
is removed is built as of the cutoff's end, and every table that the forecaster reads is compared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.shop import Comparison, Shop, default_vars

# a Sunday, so that a week has just ended, and days within a week
CUTOFFS = [dt.date(2025, 2, 16), dt.date(2025, 3, 19), dt.date(2025, 4, 28)]
BUILT = ["+panel_extended", "+scaling", "+segments", "+series", "+feature_catalog", "+revisions"]

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


def cut(shop: Shop, end: str) -> None:
    """Remove what was recorded at or after `end` (business time)."""
    moment = f"timezone('Europe/Berlin', timestamp '{end}')"
    recorded = "coalesce(try_cast({0} as timestamptz), try_cast({1} as timestamptz))"
    shop.change(
        f"delete from raw.orders where {recorded.format('loaded_at', 'ordered_at')} >= {moment}",
        "update raw.orders set is_cancelled = false, cancelled_at = null "
        f"where try_cast(cancelled_at as timestamptz) >= {moment}",
        f"delete from raw.events where {recorded.format('loaded_at', 'occurred_at')} >= {moment}",
        f"delete from raw.inventory where snapshot_on >= timestamp '{end}'",
        f"delete from raw.prices where known_at >= timezone('UTC', {moment})",
        f"delete from raw.promotions where known_at >= timezone('UTC', {moment})",
        "delete from raw.market where coalesce(known_at, cast(ds as timestamp)) "
        f">= timezone('UTC', {moment})",
        f"delete from raw.customers where joined_on >= timestamp '{end}'",
        f"delete from raw.items where launched_on >= timestamp '{end}'",
        f"update raw.items set discontinued_on = null where discontinued_on >= timestamp '{end}'",
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("whole")
    raw = Shop.simulated(folder / "raw")
    shop = raw.copy(folder / "built")
    shop.raw = raw  # type: ignore[attr-defined]
    shop.run(BUILT, vars_of(None))
    yield shop


@pytest.fixture(scope="module", params=CUTOFFS, ids=str)
def pair(
    request: pytest.FixtureRequest, whole: Shop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Comparison, dt.date]]:
    day: dt.date = request.param
    folder: Path = tmp_path_factory.mktemp(f"cut_{day:%Y%m%d}")
    shop = whole.raw.copy(folder)  # type: ignore[attr-defined]
    end = f"{day + dt.timedelta(days=1)} 00:00:00"
    cut(shop, end)
    shop.run(BUILT, vars_of(end))
    with Comparison(shop.warehouse, whole.warehouse) as comparison:
        yield comparison, day


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


def test_history_is_the_same(pair: tuple[Comparison, dt.date]) -> None:
    comparison, day = pair
    where = periods(day)
    found = comparison.differences(
        "dev_features.panel", PANEL_KEYS, where_one=where, where_other=where
    )
    assert not found, "\n".join(found)


def test_what_is_known_in_advance_is_the_same(pair: tuple[Comparison, dt.date]) -> None:
    comparison, day = pair
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


def test_target_knows_nothing_beyond(pair: tuple[Comparison, dt.date]) -> None:
    comparison, day = pair
    columns = ("y", "y_train", *names(comparison, ("past", "weight")))
    known = comparison.connection.execute(
        f"select count(*) from one.dev_features.panel where ({periods(day, 'future')}) "
        f"and coalesce({', '.join(f'cast({name} as double)' for name in columns)}) is not null"
    ).fetchone()
    assert known == (0,)


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("scaling", ["panel_name", "cutoff", "feature_name"]),
        ("segments", ["panel_name", "cutoff", "unique_id"]),
    ],
)
def test_what_is_decided_at_the_cutoff_is_the_same(
    pair: tuple[Comparison, dt.date], table: str, keys: list[str]
) -> None:
    comparison, day = pair
    at_cutoff = " or ".join(
        f"panel_name = '{panel['name']}' and cutoff = date '"
        f"{last_complete(panel['frequency'], day)}'"
        for panel in default_vars()["panels"]
    )
    found = comparison.differences(
        f"dev_features.{table}", keys, where_one=at_cutoff, where_other=at_cutoff
    )
    assert not found, "\n".join(found)


def test_series_are_the_same(pair: tuple[Comparison, dt.date]) -> None:
    comparison, day = pair
    begun = periods(day).replace(" ds ", " first_ds ")
    found = comparison.differences(
        "dev_features.series", ["panel_name", "unique_id"], where_one=begun, where_other=begun
    )
    assert not found, "\n".join(found)


def test_revisions_by_then_are_the_same(pair: tuple[Comparison, dt.date]) -> None:
    comparison, day = pair
    by_then = f"({periods(day)}) and revised_on <= date '{day}'"
    found = comparison.differences(
        "dev_features.revisions",
        ["panel_name", "unique_id", "ds", "revised_on", "reason"],
        where_one=by_then,
        where_other=by_then,
    )
    assert not found, "\n".join(found)


def test_the_cut_takes_something_away(pair: tuple[Comparison, dt.date]) -> None:
    """A test that removes nothing proves nothing."""
    comparison, _ = pair
    for table in ("orders", "events", "inventory", "prices", "promotions", "market"):
        kept, all_rows = (
            comparison.connection.execute(f"select count(*) from {side}.raw.{table}").fetchone()[0]
            for side in ("one", "other")
        )
        assert 0 < kept < all_rows, table
