"""Boundary 2: which run is champion of what from when on, and how that was decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from forecaster.contract import check_tables
from forecaster.selection import ALL, Decision
from forecaster.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

DECIDED = (
    "panel_name",
    "cutoff",
    "segment_type",
    "segment",
    "model_name",
    "settings_fingerprint",
    "opponent_name",
    "opponent_fingerprint",
    "mean_difference",
    "lower",
    "upper",
    "n_series",
    "n_cutoffs",
    "is_published",
    "reason",
)


def promote(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    run_id: str,
    reason: str,
    segment: str = ALL,
) -> None:
    """Make a run champion of its panel's series, or of a segment's, by a row."""
    connection.execute(
        f"insert into {warehouse.project.relation('model_promotions')} by name "
        "select cast($at as timestamp) as promoted_at, panel_name, $segment as segment, run_id, "
        f"$reason as reason from {warehouse.project.relation('runs')} where run_id = $run_id",
        {"at": _now(), "segment": segment, "reason": reason, "run_id": run_id},
    )


def succeed(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    run_id: str,
    reason: str,
    replaces: str | None,
) -> None:
    """Promote a run for all series, if `replaces` is still their champion."""
    runs = warehouse.project.relation("runs")
    sql = f"select panel_name from {runs} where run_id = $run_id"
    panel = warehouse.query(connection, sql, run_id=run_id)["panel_name"][0].as_py()
    if _present(connection, warehouse, panel).get(ALL) == replaces:
        promote(connection, warehouse, run_id, reason)


def present(warehouse: Warehouse, panel: str) -> dict[str, str]:
    """The run that is champion, by segment; a promotion for all series ends those before it."""
    with warehouse.connect() as connection:
        return _present(connection, warehouse, panel)


def record(
    warehouse: Warehouse,
    panel: str,
    decisions: Sequence[Decision],
    promoted: dict[str, tuple[str, str]],
    replaces: str | None,
) -> bool:
    """Append decisions, where they are not the newest already, and promotions: segment -> (run,
    reason).

    All or nothing, and nothing if `replaces` is no longer the champion of all series: then another
    command came between, and False is returned.
    """
    rows = decision_rows(panel, decisions)
    stored = warehouse.rows(
        f"select {', '.join(DECIDED)} from {{selections}} where panel_name = $panel "
        "qualify selected_at = max(selected_at) over ()",
        panel=panel,
    )
    is_news = _keyed(rows) != _keyed(stored)
    if not promoted and not is_news:
        return True
    with warehouse.transaction() as connection:
        check_tables(warehouse, connection)
        if _present(connection, warehouse, panel).get(ALL) != replaces:
            return False
        for segment in sorted(promoted, key=lambda segment: segment != ALL):
            run_id, reason = promoted[segment]
            promote(connection, warehouse, run_id, reason, segment)
        if is_news and rows:
            connection.register("decided", _table(rows))
            connection.execute(
                f"insert into {warehouse.project.relation('selections')} by name "
                "select cast($at as timestamp) as selected_at, * from decided",
                {"at": _now()},
            )
            connection.unregister("decided")
    warehouse.project.marts_due.set()
    return True


def decision_rows(panel: str, decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """Decisions as rows of `selections`."""
    rows = []
    for one in decisions:
        found = one.interval
        values = (
            panel,
            one.cutoff.astype("datetime64[D]").astype(object),
            one.segment_type,
            one.segment,
            one.candidate.model_name,
            one.candidate.settings_fingerprint,
            one.opponent.model_name if one.opponent else None,
            one.opponent.settings_fingerprint if one.opponent else None,
            found.mean if found else None,
            found.lower if found else None,
            found.upper if found else None,
            found.n_series if found else None,
            found.n_cutoffs if found else None,
            one.is_published,
            one.reason,
        )
        rows.append(dict(zip(DECIDED, values, strict=True)))
    return rows


def _present(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, panel: str
) -> dict[str, str]:
    sql = PRESENT.format(model_promotions=warehouse.project.relation("model_promotions"))
    rows = warehouse.query(connection, sql, panel=panel).to_pylist()
    return {row["segment"]: row["run_id"] for row in rows}


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    kinds = {
        "cutoff": pa.date32(),
        "mean_difference": pa.float64(),
        "lower": pa.float64(),
        "upper": pa.float64(),
        "n_series": pa.int64(),
        "n_cutoffs": pa.int64(),
        "is_published": pa.bool_(),
    }
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in DECIDED])
    return pa.Table.from_pylist(rows, schema)


def _keyed(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """In an order of their own, numbers as they are told apart."""
    told = [
        tuple(f"{v:.6g}" if isinstance(v, float) else str(v) for v in (r[name] for name in DECIDED))
        for r in rows
    ]
    return sorted(told)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


PRESENT = """
select segment, run_id from (
    select
        segment,
        run_id,
        promoted_at,
        max(promoted_at) filter (segment = 'all') over () as began_at
    from {model_promotions}
    where panel_name = $panel
)
where began_at is not null and promoted_at >= began_at
qualify row_number() over (partition by segment order by promoted_at desc, run_id desc) = 1
"""
