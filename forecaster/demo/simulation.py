"""Runs the shop: from a seed to raw tables in the warehouse and the truth beside it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from forecaster.demo import dirt, events, orders, plans, stock, truth, writer
from forecaster.demo.catalogue import Catalogue, build_catalogue, build_suppliers
from forecaster.demo.customers import build_customers
from forecaster.demo.demand import Demand, category_seasons, draw_demand, item_shape
from forecaster.demo.market import Market, draw_market, market_table
from forecaster.demo.shop import Shop, build_shop
from forecaster.demo.size import Size, get_size

# Each part draws from a stream of its own, so that a change to one leaves the others as they were.
_STREAMS = ("shop", "catalogue", "customers", "promotions", "chunks", "orders", "events", "dirt")


@dataclass(frozen=True)
class DemoSummary:
    """What was written where: rows by table (`raw.…`) and by file of the truth."""

    size: str
    warehouse: Path
    truth_dir: Path
    first_day: np.datetime64
    last_complete_day: np.datetime64
    tables: dict[str, int]
    truth: dict[str, int]
    seconds: float

    @property
    def next_step(self) -> str:
        """What to run on it: the demo's own project reads order lines; a large shop has none."""
        if get_size(self.size).is_aggregated:
            return (
                f"forecast init large_shop --warehouse {self.warehouse} && cd large_shop && "
                "forecast run   (it holds totals by day, not order lines)"
            )
        return "forecast run   (or step by step: forecast build, backtest, train, publish, report)"


@dataclass(frozen=True)
class _Chunk:
    """A run of items, simulated up to what was sold."""

    catalogue: Catalogue
    plans: plans.Plans
    market: Market
    demand: Demand
    stock: stock.Stock


@dataclass
class _Run:
    """What the steps of one simulation share."""

    shop: Shop
    suppliers: pd.DataFrame
    streams: dict[str, np.random.Generator]
    raw: writer.Staging
    truth: writer.Staging
    report: Callable[[str], None]
    ledger: dirt.Ledger = field(default_factory=dirt.Ledger)


def simulate(
    size: str | Size,
    warehouse: Path,
    seed: int = 7,
    truth_dir: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> DemoSummary:
    """Simulates a shop and writes its raw tables (schema `raw`) and the truth (Parquet).

    `size` is tiny, default or large, or a shape of one's own. The same size and seed give the same
    tables. `truth_dir` is `demo_truth` beside the warehouse unless given. `progress` is called with
    a line of text at every step. An earlier demo's tables in `raw` are replaced, and those that
    only another size has are dropped; all else stays. A failure, wherever, leaves the warehouse as
    it was.

    Raises ValueError for an unknown size, ForecastError where a table of the demo's names is not
    the demo's, and what DuckDB raises if the file is held elsewhere.
    """
    started = time.perf_counter()
    shape = size if isinstance(size, Size) else get_size(size)
    warehouse = Path(warehouse)
    truth_dir = Path(truth_dir) if truth_dir else warehouse.parent / "demo_truth"
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    writer.probe(warehouse)
    streams = dict(zip(_STREAMS, np.random.default_rng(seed).spawn(len(_STREAMS)), strict=True))
    report = progress or (lambda _: None)
    # On the warehouse's own disk: a large shop would not fit every /tmp.
    with tempfile.TemporaryDirectory(dir=warehouse.parent, prefix=".demo-") as folder:
        shop = build_shop(streams["shop"], shape)
        run = _Run(
            shop=shop,
            suppliers=build_suppliers(streams["catalogue"], shape.n_items),
            streams=streams,
            raw=writer.Staging(Path(folder) / "raw", writer.ARROW_SCHEMAS),
            truth=writer.Staging(Path(folder) / "truth"),
            report=report,
        )
        with run.raw, run.truth:
            catalogue = build_catalogue(streams["catalogue"], shop, run.suppliers)
            _simulate_tables(run, catalogue)
        tables = writer.write_raw(warehouse, run.raw, report)
        writer.publish_truth(run.truth, truth_dir)
    return DemoSummary(
        size=shape.name,
        warehouse=warehouse,
        truth_dir=truth_dir,
        first_day=shop.dates[0],
        last_complete_day=shop.dates[shop.n_days - 1],
        tables=tables,
        truth=dict(run.truth.rows),
        seconds=time.perf_counter() - started,
    )


def _simulate_tables(run: _Run, catalogue: Catalogue) -> None:
    shop = run.shop
    n_revised = {"prices": 0, "promotions": 0}
    for chunk in _chunks(run, catalogue, n_revised):
        if shop.size.is_aggregated:
            _stage_totals(run, chunk)
        else:
            _stage_records(run, chunk)
        run.truth.append(
            "promotion_uplifts",
            truth.uplift_truth(shop, chunk.catalogue, chunk.demand, chunk.plans),
        )
        run.truth.append("future", truth.future_truth(shop, chunk.catalogue, chunk.demand))
    for table, n_rows in n_revised.items():
        run.ledger.add(table, "revised_plan", "revise", n_rows)
    run.raw.append("items", dirt.soil_items(run.streams["dirt"], catalogue.items, run.ledger))
    run.raw.append("suppliers", run.suppliers)
    run.raw.append("locations", shop.locations)
    run.raw.append("holidays", shop.holidays)
    run.raw.append("closures", shop.closures)
    run.truth.append("elasticities", truth.elasticity_truth(catalogue))
    run.truth.append("dirt", run.ledger.frame())


def _chunks(run: _Run, catalogue: Catalogue, n_revised: dict[str, int]) -> Iterator[_Chunk]:
    """Simulates items in runs that fit in memory, and stages their plans."""
    shop = run.shop
    rng = run.streams["promotions"]
    of_categories = plans.plan_category_promotions(rng, shop)
    table = plans.promotion_table(rng, shop, catalogue, of_categories)
    n_revised["promotions"] += _stage_plans(run, "promotions", table)
    n_promotions = 0
    starts = range(0, len(catalogue), shop.size.chunk_items)
    for start, child in zip(starts, run.streams["chunks"].spawn(len(starts)), strict=True):
        part = catalogue.part(start, min(start + shop.size.chunk_items, len(catalogue)))
        shape = item_shape(part, shop)
        planned = plans.plan(
            child,
            shop,
            part,
            shape,
            category_promotions=of_categories,
            first_promotion=n_promotions,
        )
        own = planned.promotions.iloc[len(of_categories) :]
        n_promotions += len(own)
        table = plans.promotion_table(child, shop, part, own)
        n_revised["promotions"] += _stage_plans(run, "promotions", table)
        table = plans.price_table(shop, part, planned)
        n_revised["prices"] += _stage_plans(run, "prices", table)
        market = draw_market(child, shop, part)
        demand = draw_demand(child, shop, part, shape=shape, plans=planned, market=market)
        levels = stock.run_stock(child, part, run.suppliers, demand.units, demand.expected)
        run.report(f"simulated {start + len(part):,} of {len(catalogue):,} items")
        yield _Chunk(part, planned, market, demand, levels)


def _stage_plans(run: _Run, name: str, table: pd.DataFrame) -> int:
    """Stages plans; returns how many of them revise an earlier one."""
    n_revised = int(table.pop("is_revision").sum())
    if len(table):
        run.raw.append(name, table)
    return n_revised


def _stage_totals(run: _Run, chunk: _Chunk) -> None:
    """Stages daily totals, dense from launch, and their truth."""
    shop, catalogue = run.shop, chunk.catalogue
    table = truth.demand_truth(
        shop, catalogue, chunk.demand, sold=chunk.stock.sold, on_hand=chunk.stock.on_hand
    )
    run.truth.append("demand", table)
    paid = chunk.plans.price * (1 - chunk.plans.discount) * chunk.stock.sold
    cells = truth.cells(shop, catalogue, slice(0, shop.n_days))
    run.raw.append(
        "demand",
        table.select(["item_id", "location_id", "ds"])
        .append_column("quantity", table["sold"])
        .append_column("revenue", pa.array(np.round(paid[cells], 2))),
    )


def _stage_records(run: _Run, chunk: _Chunk) -> None:
    """Stages orders, events, customers, inventory and market, soiled, and their truth."""
    shop, catalogue, demand, sold = run.shop, chunk.catalogue, chunk.demand, chunk.stock.sold
    soil = run.streams["dirt"]
    customers = build_customers(run.streams["customers"], shop)
    lines = orders.draw_lines(
        run.streams["orders"], shop, catalogue, customers, plans=chunk.plans, sold=sold
    )
    rng = run.streams["events"]
    moments = events.draw_events(
        rng, shop, catalogue, customers, lines=lines, demand=demand.units, sold=sold
    )
    table = events.events_table(rng, shop, catalogue, customers, moments)
    run.raw.append("events", dirt.soil_events(soil, table, run.ledger))
    soiled = dirt.soil_orders(soil, shop, catalogue, customers, lines=lines, ledger=run.ledger)
    run.raw.append("orders", soiled.table)
    run.raw.append("customers", dirt.soil_customers(soil, customers.table, run.ledger))
    inventory = stock.inventory_table(shop, catalogue, chunk.stock)
    run.raw.append("inventory", dirt.soil_inventory(soil, inventory, run.ledger))
    seasons = category_seasons(shop)
    run.raw.append(
        "market",
        market_table(
            rng, shop, catalogue, market=chunk.market, seasons=seasons, expected=demand.expected
        ),
    )
    run.report(f"simulated {len(soiled.table):,} order rows and {len(moments):,} events")
    # Bulk orders are demand too, and delivered past the shelf.
    whole = Demand(expected=demand.expected, units=demand.units + soiled.bulk)
    extra = {
        "recorded": soiled.recorded.astype(np.int32),
        "known_at_close": soiled.known_at_close.astype(np.int32),
        "latest": soiled.latest.astype(np.int32),
        "bulk": soiled.bulk.astype(np.int32),
    }
    table = truth.demand_truth(
        shop, catalogue, whole, sold=sold + soiled.bulk, on_hand=chunk.stock.on_hand, extra=extra
    )
    run.truth.append("demand", table)
