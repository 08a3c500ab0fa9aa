"""Dirt: what spoils a shop's raw tables, put in on purpose and counted by kind.

Kinds do not overlap: a row carries one kind of dirt, so that what a cleaner finds can be counted
against what was put in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecaster.demo import clock, orders
from forecaster.demo.catalogue import Catalogue
from forecaster.demo.customers import Customers
from forecaster.demo.shop import Shop

# Shares of the order lines. "reject" kinds are rows of their own, so that rejecting them brings
# the totals back; the others stand on real lines, whose units count.
_RATES = {
    "late": 0.012,
    "restated_same_day": 0.002,
    "restated_later": 0.002,
    "cancelled_later": 0.008,
    "missing_unit_price": 0.004,
    "exact_duplicate": 0.004,
    "double_sent": 0.003,
    "padded_item_id": 0.0006,
    "lower_case_currency": 0.0006,
    "padded_quantity": 0.0006,
}
_JUNK = {
    "negative_quantity": 0.0003,
    "zero_quantity": 0.0003,
    "absurd_quantity": 0.0001,
    "negative_price": 0.0002,
    "unparseable_date": 0.0001,
    "ancient_date": 0.0001,
    "unparseable_quantity": 0.0001,
    "future_date": 0.0002,
    "unknown_item": 0.0003,
}
_CANCELLED_AT_ONCE = 0.01
_RETURNED = 0.02
_BULK = 0.0001
_BULK_FACTOR = 40
_GAP_DAYS = 3
_SETTLED = np.timedelta64(12, "D")


@dataclass
class Ledger:
    """Counts of injected dirt: table, kind, what a cleaner should do with it, rows."""

    rows: list[tuple[str, str, str, int]] = field(default_factory=list)

    def add(self, table: str, kind: str, treatment: str, n_rows: int) -> None:
        """Notes `n_rows` of a kind; treatment is reject, repair, impute, revise, or keep."""
        self.rows.append((table, kind, treatment, int(n_rows)))

    def frame(self) -> pd.DataFrame:
        """The counts as a table."""
        return pd.DataFrame(self.rows, columns=["table", "kind", "treatment", "n_rows"])


@dataclass(frozen=True)
class SoiledOrders:
    """The raw orders, and units that a right reading of them gives, `(items, places, days)`.

    `recorded`: ever, gross of later cancellations. `known_at_close`: when the day closed.
    `latest`: ever, without later cancellations. `bulk`: the part that bulk orders are.
    """

    table: pd.DataFrame
    recorded: np.ndarray
    known_at_close: np.ndarray
    latest: np.ndarray
    bulk: np.ndarray


def soil_orders(
    rng: np.random.Generator,
    shop: Shop,
    catalogue: Catalogue,
    customers: Customers,
    *,
    lines: pd.DataFrame,
    ledger: Ledger,
) -> SoiledOrders:
    """Turns true lines into what a warehouse receives by now."""
    lines = lines[lines["ordered"].to_numpy() < shop.as_of].reset_index(drop=True)
    lines["loaded"] = np.minimum(lines["loaded"], shop.as_of - np.timedelta64(1, "s"))
    bulk = _bulk_orders(rng, shop, lines, ledger)
    bulk_units = _add_up(shop, catalogue, bulk, bulk["quantity"].to_numpy())
    lines = pd.concat([lines, bulk], ignore_index=True)
    in_gap = _gaps(rng, shop)
    lost = in_gap[lines["location"], lines["day"]]
    ledger.add("orders", "gap", "keep", lost.sum())
    lines = lines[~lost].reset_index(drop=True)

    past = lines[lines["day"] < shop.n_days]
    at_once = orders.draw_cancelled_at_once(rng, past, _CANCELLED_AT_ONCE)
    returns = orders.draw_returns(rng, shop, past, _RETURNED)
    returns = returns[~in_gap[returns["location"], returns["day"]]]
    ledger.add("orders", "cancelled_same_day", "reject", len(at_once))
    ledger.add("orders", "return", "keep", len(returns))

    picks = _pick(rng, shop, lines)
    true_units = lines["quantity"].to_numpy().copy()
    close_units = true_units.copy()
    latest_units = true_units.copy()
    _delay(rng, lines, picks["late"], close_units)
    records = _restated(rng, lines, picks, close_units)
    cancelled = orders.draw_cancelled_later(rng, lines, picks["cancelled_later"], shop.as_of)
    latest_units[cancelled.index] = 0
    records.append(cancelled)
    lines.loc[picks["missing_unit_price"], "unit_price"] = np.nan
    records.append(lines.loc[picks["exact_duplicate"]])
    sent_again = lines.loc[picks["double_sent"]].copy()
    sent_again["loaded"] += rng.integers(300, 5400, len(sent_again)).astype("timedelta64[s]")
    records.append(sent_again)
    for kind, treatment in (
        ("late", "revise"), ("restated_same_day", "repair"), ("restated_later", "revise"),
        ("missing_unit_price", "impute"), ("exact_duplicate", "reject"),
        ("double_sent", "reject"), ("padded_item_id", "repair"),
        ("lower_case_currency", "repair"), ("padded_quantity", "repair"),
    ):  # fmt: skip
        ledger.add("orders", kind, treatment, len(picks[kind]))
    ledger.add("orders", "cancelled_later", "revise", len(cancelled))

    everything = pd.concat([lines, *records, at_once, returns], ignore_index=True)
    table = orders.orders_table(shop, catalogue, customers, everything)
    _odd_text(rng, table, picks, len(lines), ledger)
    spoiled = np.concatenate(list(picks.values()))
    untouched = table.iloc[: len(lines)].drop(spoiled)
    is_ordinary = untouched["order_id"].str.startswith("O") & (untouched["customer_id"] != "")
    junk = _junk(rng, shop, untouched[is_ordinary], ledger)
    table = pd.concat([table, *junk], ignore_index=True)
    return SoiledOrders(
        table=table.sort_values(["loaded_at", "order_id", "line_number"], ignore_index=True),
        recorded=_add_up(shop, catalogue, lines, true_units),
        known_at_close=_add_up(shop, catalogue, lines, close_units),
        latest=_add_up(shop, catalogue, lines, latest_units),
        bulk=bulk_units,
    )


def soil_events(rng: np.random.Generator, table: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Duplicates, types that mean nothing, spellings that do, a robot, and late rows."""
    n = len(table)
    table = table.copy()
    order = iter(np.split(rng.permutation(n), np.cumsum([_few(n, 0.001)] * 4)))
    junk, spelled, late, unknown = next(order), next(order), next(order), next(order)
    junk_types = rng.choice(["heartbeat", "veiw", "", "page_load", "test"], len(junk))
    extra = table.iloc[junk].assign(
        event_type=junk_types, event_id=[f"Z{i + 1:08d}" for i in range(len(junk))]
    )
    table.loc[spelled, "event_type"] = " " + table.loc[spelled, "event_type"].str.upper()
    stamps = table.loc[late, "loaded_at"].str.removesuffix("Z").astype("datetime64[s]").to_numpy()
    stamps = stamps + rng.integers(86400, 5 * 86400, len(late)).astype("timedelta64[s]")
    newest = np.datetime64(table["loaded_at"].max().removesuffix("Z"))
    table.loc[late, "loaded_at"] = clock.iso_utc(np.minimum(stamps, newest))
    strange = table.iloc[unknown].assign(
        item_id="NO-SUCH-ITEM", event_id=[f"Y{i + 1:08d}" for i in range(len(unknown))]
    )
    twice = table.iloc[rng.choice(n, _few(n, 0.003), replace=False)]
    robot = _robot(rng, table, max(100, n // 200))
    for kind, treatment, count in (
        ("junk_type", "reject", len(junk)),
        ("upper_case_type", "repair", len(spelled)),
        ("late", "revise", len(late)),
        ("unknown_item", "reject", len(strange)),
        ("exact_duplicate", "reject", len(twice)),
        ("robot_views", "keep", len(robot)),
    ):
        ledger.add("events", kind, treatment, count)
    table = pd.concat([table, extra, strange, twice, robot], ignore_index=True)
    return table.sort_values(["loaded_at", "event_id"], ignore_index=True)


def soil_items(rng: np.random.Generator, items: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Text as systems hand it on: padded, in other cases, decoded twice, empty; a price missing."""
    n = len(items)
    count = max(1, n // 20)
    chosen = iter(np.split(rng.permutation(n), np.cumsum([count] * 5)))
    items = items.copy()
    for kind, column, treatment, spoil in (
        ("padded_category", "category", "repair", lambda text: f"{text}  "),
        ("upper_case_brand", "brand", "keep", lambda text: f" {text.upper()}"),
        ("mojibake_description", "description", "keep", _mojibake),
        ("empty_brand", "brand", "repair", lambda _: ""),
    ):
        rows = next(chosen)
        items.loc[rows, column] = items.loc[rows, column].map(spoil)
        ledger.add("items", kind, treatment, len(rows))
    rows = next(chosen)
    items.loc[rows, "list_price"] = np.nan
    ledger.add("items", "missing_list_price", "impute", len(rows))
    return items


def soil_customers(rng: np.random.Generator, table: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Years of birth missing or impossible, genders in any case, regions empty."""
    n = len(table)
    sizes = [_few(n, 0.08), _few(n, 0.01), _few(n, 0.05), _few(n, 0.02)]
    missing, ancient, spelled, empty, _ = np.split(rng.permutation(n), np.cumsum(sizes))
    table = table.copy()
    table.loc[missing, "birth_year"] = None
    table.loc[ancient, "birth_year"] = 1850
    table.loc[spelled, "gender"] = table.loc[spelled, "gender"].str.upper() + " "
    table.loc[empty, "region"] = ""
    ledger.add("customers", "missing_birth_year", "impute", len(missing))
    ledger.add("customers", "impossible_birth_year", "impute", len(ancient))
    ledger.add("customers", "upper_case_gender", "repair", len(spelled))
    ledger.add("customers", "empty_region", "repair", len(empty))
    return table


def soil_inventory(rng: np.random.Generator, table: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Snapshots that are missing, and stock below nothing."""
    n = len(table)
    missing, negative, _ = np.split(
        rng.permutation(n), np.cumsum([_few(n, 0.004), _few(n, 0.0003)])
    )
    table = table.copy()
    table.loc[negative, "on_hand"] = -rng.integers(1, 20, len(negative))
    ledger.add("inventory", "missing_snapshot", "impute", len(missing))
    ledger.add("inventory", "negative_stock", "reject", len(negative))
    return table.drop(missing).reset_index(drop=True)


def _few(n: int, rate: float) -> int:
    return max(3, round(rate * n))


def _mojibake(text: str) -> str:
    """UTF-8 read as Latin-1, as a badly configured export does."""
    return f"{text} für Küche & Café".encode().decode("latin-1")


def _bulk_orders(
    rng: np.random.Generator, shop: Shop, lines: pd.DataFrame, ledger: Ledger
) -> pd.DataFrame:
    """A few real orders, each forty times the usual, delivered past the shelf."""
    past = lines[lines["day"] < shop.n_days]
    bulk = past.sample(max(2, round(_BULK * len(past))), random_state=rng).copy()
    bulk["order_id"] = [f"B{n + 1:05d}" for n in range(len(bulk))]
    bulk["line_number"] = 1
    bulk["quantity"] = bulk["quantity"] * _BULK_FACTOR
    ledger.add("orders", "bulk", "keep", len(bulk))
    return bulk


def _gaps(rng: np.random.Generator, shop: Shop) -> np.ndarray:
    """Days of which one location delivered no orders at all, `(locations, days)`."""
    gaps = np.zeros((len(shop.scale), len(shop.dates)), dtype=bool)
    for _ in range(1 + shop.n_days // 400):
        start = int(rng.integers(shop.n_days // 4, shop.n_days - 60))
        gaps[-1, start : start + _GAP_DAYS] = True
    return gaps


def _pick(rng: np.random.Generator, shop: Shop, lines: pd.DataFrame) -> dict[str, np.ndarray]:
    """Disjoint rows for each kind, old enough that what happens to them later has happened."""
    room = lines["close"].to_numpy() - lines["loaded"].to_numpy()
    settled = lines["close"].to_numpy() < shop.as_of - _SETTLED
    is_ordinary = lines["order_id"].str.startswith("O").to_numpy()
    able = rng.permutation(np.flatnonzero(settled & is_ordinary & (room > np.timedelta64(900))))
    sizes = [_few(len(lines), rate) for rate in _RATES.values()]
    parts = np.split(able[: sum(sizes)], np.cumsum(sizes)[:-1])
    return dict(zip(_RATES, parts, strict=True))


def _delay(
    rng: np.random.Generator, lines: pd.DataFrame, rows: np.ndarray, close_units: np.ndarray
) -> None:
    """Makes `rows` arrive days after their day closed."""
    delay = (rng.uniform(0.1, 9, len(rows)) * 86400).astype("timedelta64[s]")
    lines.loc[rows, "loaded"] = lines.loc[rows, "close"].to_numpy() + delay
    close_units[rows] = 0


def _restated(
    rng: np.random.Generator,
    lines: pd.DataFrame,
    picks: dict[str, np.ndarray],
    close_units: np.ndarray,
) -> list[pd.DataFrame]:
    """Second records with the right quantity; the first record gets a wrong one."""
    records = []
    for kind in ("restated_same_day", "restated_later"):
        rows = picks[kind]
        record = lines.loc[rows].copy()
        wrong = lines.loc[rows, "quantity"].to_numpy() + rng.integers(1, 4, len(rows))
        lines.loc[rows, "quantity"] = wrong
        loaded, close = (record[name].to_numpy() for name in ("loaded", "close"))
        if kind == "restated_same_day":
            room = (close - loaded).astype(np.int64)
            wait = (rng.uniform(0.1, 0.9, len(rows)) * room).astype("timedelta64[s]")
            record["loaded"] = loaded + wait
        else:
            delay = (rng.uniform(0.1, 9, len(rows)) * 86400).astype("timedelta64[s]")
            record["loaded"] = close + delay
            close_units[rows] = wrong
        records.append(record)
    return records


def _odd_text(
    rng: np.random.Generator,
    table: pd.DataFrame,
    picks: dict[str, np.ndarray],
    n_lines: int,
    ledger: Ledger,
) -> None:
    """Spoils text in place; the first `n_lines` rows of the table are the lines."""
    for kind, column, spoil in (
        ("padded_item_id", "item_id", lambda text: f"{text} "),
        ("lower_case_currency", "currency", lambda text: f" {text.lower()}"),
        ("padded_quantity", "quantity", lambda text: f" {text} "),
    ):
        table.loc[picks[kind], column] = table.loc[picks[kind], column].map(spoil)
    anonymous = np.flatnonzero(table["customer_id"].isna().to_numpy()[:n_lines])
    touched = np.concatenate([picks["exact_duplicate"], picks["double_sent"]])
    anonymous = np.setdiff1d(anonymous, touched)
    empty = rng.choice(anonymous, min(_few(n_lines, 0.001), len(anonymous)), replace=False)
    table.loc[empty, "customer_id"] = ""
    ledger.add("orders", "empty_customer_id", "repair", len(empty))


def _junk(
    rng: np.random.Generator, shop: Shop, table: pd.DataFrame, ledger: Ledger
) -> list[pd.DataFrame]:
    """Rows that mean nothing, made from clean ones under order ids of their own."""
    parts = []
    number = 0
    for kind, rate in _JUNK.items():
        count = _few(len(table), rate)
        part = table.sample(count, random_state=rng).copy()
        part["order_id"] = [f"X{number + i + 1:06d}" for i in range(count)]
        part["line_number"] = 1
        number += count
        if kind == "negative_quantity":
            part["quantity"] = "-3"
        elif kind == "zero_quantity":
            part["quantity"] = "0"
        elif kind == "absurd_quantity":
            part["quantity"] = "999999"
        elif kind == "negative_price":
            part["quantity"] = "1"
            part["unit_price"] = -part["unit_price"]
        elif kind == "unparseable_date":
            bad = ["2025-13-45T10:00:00+01:00", "yesterday", "", "0000-00-00 00:00", "31.06.2024"]
            part["ordered_at"] = rng.choice(bad, count)
        elif kind == "ancient_date":
            part["ordered_at"] = "31/02/24"  # parses, in the year 31
        elif kind == "unparseable_quantity":
            part["quantity"] = rng.choice(["two", "n/a", "1;5", "--", "١٢ pcs"], count)
        elif kind == "future_date":
            ahead = rng.integers(40, 2500, count).astype("timedelta64[D]")
            part["ordered_at"] = clock.iso_utc(shop.as_of + ahead)
        elif kind == "unknown_item":
            part["item_id"] = [f"GONE-{i % 3 + 1}" for i in range(count)]
        parts.append(part)
        ledger.add("orders", kind, "reject", count)
    return parts


def _robot(rng: np.random.Generator, table: pd.DataFrame, count: int) -> pd.DataFrame:
    """One session that views one item hundreds of times within the hour."""
    views = table[table["event_type"] == "view"]
    one = views.iloc[[int(rng.integers(len(views) // 2, len(views) * 3 // 4))]]
    robot = one.loc[one.index.repeat(count)].reset_index(drop=True)
    first = np.datetime64(one["occurred_at"].iloc[0].removesuffix("Z"), "s")
    moments = first + np.sort(rng.integers(0, 3000, count)).astype("timedelta64[s]")
    return robot.assign(
        event_id=[f"V{i + 1:08d}" for i in range(count)],
        occurred_at=clock.iso_utc(moments),
        loaded_at=clock.iso_utc(moments + np.timedelta64(60, "s")),
        session_id="S-ROBOT",
        customer_id=None,
    )


def _add_up(shop: Shop, catalogue: Catalogue, lines: pd.DataFrame, units: np.ndarray) -> np.ndarray:
    grid = np.zeros((len(catalogue), len(shop.scale), len(shop.dates)), dtype=np.int64)
    np.add.at(grid, (lines["item"], lines["location"], lines["day"]), units)
    return grid
