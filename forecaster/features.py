"""Boundary 1: what dbt prepared, read into arrays. No feature is known here by name."""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING

import numpy as np

from forecaster import estimates
from forecaster.encoding import Encoding, Scale
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.hierarchy import read_levels
from forecaster.holidays import read_holidays
from forecaster.panel import Panel
from forecaster.panel_arrays import read_arrays, series_sql
from forecaster.panel_settings import PanelSettings, nodes_panel
from forecaster.statics import read_statics
from forecaster.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

FEATURE_TABLES = (
    "hierarchy",
    "named_holidays",
    "settings",
    "panel_extended",
    "series",
    "cutoffs",
    "scaling",
    "feature_catalog",
)


def fingerprint(warehouse: Warehouse, panel_name: str) -> str:
    """Hash of all the features of a panel and of its nodes, whatever the order of the rows."""
    digest = hashlib.sha256()
    above = nodes_panel(warehouse, panel_name)
    names = [panel_name] if above is None else [panel_name, above.panel_name]
    with warehouse.connect() as connection:
        _keep_small(connection)
        for panel, name in itertools.product(names, FEATURE_TABLES):
            relation = warehouse.project.relation(name)
            table = warehouse.query(
                connection,
                f"select count(*) as n, cast(sum(hash(t)) as varchar) as h from {relation}"
                " as t "
                "where panel_name = $panel",
                panel=panel,
            )
            columns = warehouse.query(connection, f"select * from {relation} limit 0").schema
            digest.update(f"{name} {columns} {table.to_pylist()}\n".encode())
    return digest.hexdigest()


def read_panel(
    warehouse: Warehouse,
    settings: PanelSettings,
    encoding: Encoding | None = None,
    *,
    with_derived: bool = True,
) -> Panel:
    """A panel's arrays, of the catalogue's active features or of those in `encoding`.

    The past features that come from the target alone are two thirds of a panel; a model that makes
    its own of the target is read a panel without them.
    """
    panel_name = settings.panel_name
    roles = _roles(warehouse, panel_name)
    derived = _derived(warehouse, panel_name)
    past = tuple(encoding.past) if encoding else roles.get("past", ())
    if not with_derived:
        past = tuple(name for name in past if name not in derived)
    future = tuple(encoding.future) if encoding else roles.get("known_future", ())
    if settings.last_period is None:
        raise _no_history(panel_name)
    with warehouse.connect() as connection:
        _keep_small(connection)
        periods = warehouse.query(
            connection,
            f"select distinct period_index, ds from {warehouse.project.relation('panel_extended')} "
            "where panel_name = $panel order by period_index",
            panel=panel_name,
        )
        index = periods["period_index"].to_numpy()
        ds = periods["ds"].to_numpy().astype("datetime64[D]")
        if not len(ds):
            raise _no_history(panel_name)
        _check_periods(panel_name, index, ds)
        last = np.flatnonzero(ds == np.datetime64(settings.last_period))
        known = int(last[0]) + 1 if len(last) else 0
        if not known:
            raise _no_history(panel_name)
        series = warehouse.query(connection, series_sql(warehouse), panel=panel_name)
        arrays = read_arrays(
            warehouse, connection, settings, roles, past, future, len(series), index, known
        )
        statics = warehouse.query(
            connection,
            f"select * from {warehouse.project.relation('series')} "
            "where panel_name = $panel order by unique_id",
            panel=panel_name,
        )
    scaling = _scaling(warehouse, panel_name)
    ids = np.array(series["unique_id"].to_pylist(), object)
    return Panel(
        name=panel_name,
        frequency=settings.frequency,
        horizon=settings.horizon,
        season_length=max(settings.season_length or 1, 1),
        is_signed=bool(settings.is_signed),
        unique_ids=ids,
        ds=_extended(ds[: known + settings.horizon], known + settings.horizon, settings.frequency),
        start=series["first_index"].to_numpy() - index[0],
        past_names=past,
        future_names=future,
        scaling=scaling,
        derived=derived,
        with_derived=with_derived,
        summaries=_summaries(warehouse, panel_name),
        levels=read_levels(warehouse, panel_name, ids),
        holidays=read_holidays(warehouse, panel_name, ids, int(index[0])),
        **arrays,
        **read_statics(statics, ids, roles, encoding),
    )


def _keep_small(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows stream through DuckDB: what it would keep of them is memory that training needs."""
    connection.execute(f"set memory_limit = '{estimates.DUCKDB_BYTES} bytes'")


def _roles(warehouse: Warehouse, panel_name: str) -> dict[str, tuple[str, ...]]:
    rows = warehouse.rows(
        "select role, feature_name from {feature_catalog} where panel_name = $panel and "
        "is_active "
        "order by role, feature_name",
        panel=panel_name,
    )
    roles: dict[str, tuple[str, ...]] = {}
    for row in rows:
        roles[row["role"]] = (*roles.get(row["role"], ()), row["feature_name"])
    return roles


def _derived(warehouse: Warehouse, panel_name: str) -> frozenset[str]:
    rows = warehouse.rows(
        "select feature_name from {feature_catalog} where panel_name = $panel "
        "and input_name = 'target' and role = 'past'",
        panel=panel_name,
    )
    return frozenset(row["feature_name"] for row in rows)


def _summaries(warehouse: Warehouse, panel_name: str) -> frozenset[str]:
    rows = warehouse.rows(
        "select feature_name from {feature_catalog} where panel_name = $panel "
        "and summary_of = 'named_holidays'",
        panel=panel_name,
    )
    return frozenset(row["feature_name"] for row in rows)


def _scaling(warehouse: Warehouse, panel_name: str) -> dict[np.datetime64, dict[str, Scale]]:
    result: dict[np.datetime64, dict[str, Scale]] = {}
    for row in warehouse.rows(
        "select cutoff, feature_name, method, centre, scale from {scaling} "
        "where panel_name = $panel",
        panel=panel_name,
    ):
        scale = Scale(
            row["method"] or "none",
            0.0 if row["centre"] is None else float(row["centre"]),
            1.0 if row["scale"] is None else float(row["scale"]),
        )
        result.setdefault(np.datetime64(row["cutoff"], "D"), {})[row["feature_name"]] = scale
    return result


def _check_periods(panel_name: str, index: np.ndarray, ds: np.ndarray) -> None:
    if len(np.unique(ds)) != len(ds) or not np.array_equal(
        index, np.arange(index[0], index[0] + len(index))
    ):
        raise ForecastError(
            f"panel_extended of panel '{panel_name}' is not one row per period: period_index "
            "and ds differ",
            "run `forecast build`; its tests name the rows",
            BAD_INPUT,
        )


def _no_history(panel_name: str) -> ForecastError:
    return ForecastError(
        f"panel '{panel_name}' has no complete period to learn from",
        "see tables int_rejections and settings for what became of its rows; then run "
        "`forecast build`",
        BAD_INPUT,
    )


def _extended(ds: np.ndarray, length: int, frequency: str) -> np.ndarray:
    """Periods, continued to `length` where the table ends early."""
    days = {"day": 1, "week": 7}
    while len(ds) < length:
        if frequency in days:
            following = ds[-1] + np.timedelta64(days[frequency], "D")
        else:
            following = (ds[-1].astype("datetime64[M]") + 1).astype("datetime64[D]")
        ds = np.append(ds, following)
    return ds
