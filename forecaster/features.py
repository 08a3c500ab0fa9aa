"""Boundary 1: what dbt prepared, read into arrays. No feature is known here by name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster import estimates
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.hierarchy import read_levels
from forecaster.panel import Encoding, Panel, Scale, allocate
from forecaster.project import quoted
from forecaster.warehouse import Warehouse, first_line

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BATCH_ROWS = 122_880
FEATURE_TABLES = (
    "hierarchy",
    "settings",
    "panel_extended",
    "series",
    "cutoffs",
    "scaling",
    "feature_catalog",
)


@dataclasses.dataclass(frozen=True)
class PanelSettings:
    """One row of `settings`."""

    panel_name: str
    frequency: str
    horizon: int
    season_length: int
    is_signed: bool
    last_period: dt.date | None
    excluded_period: dt.date | None
    excluded_reason: str | None
    nodes_of: str | None = None


@dataclasses.dataclass(frozen=True)
class Cutoff:
    """One row of `cutoffs`."""

    cutoff: dt.date
    is_live: bool
    is_backtest: bool
    is_validation: bool


def panels(warehouse: Warehouse, wanted: Sequence[str] = ()) -> list[PanelSettings]:
    """The settings of the wanted panels, in that order, or of all: panels of nodes first, for their
    forecasts are what their parents' are reconciled with."""
    columns = ", ".join(field.name for field in dataclasses.fields(PanelSettings))
    found = {
        row["panel_name"]: PanelSettings(**row)
        for row in warehouse.rows(
            f"select {columns} from {{settings}} order by nodes_of is null, panel_name"
        )
    }
    if not found:
        raise ForecastError(
            "table settings has no panel",
            "declare one in the var `panels`, then run `forecast build`",
            BAD_INPUT,
        )
    for name in wanted:
        if name not in found:
            raise ForecastError(
                f"there is no panel '{name}'",
                f"use one of {', '.join(found)}; one declared since needs a `forecast build`",
                BAD_INPUT,
            )
    return [found[name] for name in (wanted or found)]


def nodes_panel(warehouse: Warehouse, panel_name: str) -> PanelSettings | None:
    """The panel whose series are the nodes above a panel's series, if one is declared."""
    found = [panel for panel in panels(warehouse) if panel.nodes_of == panel_name]
    return found[0] if found else None


def cutoffs(warehouse: Warehouse, panel_name: str) -> list[Cutoff]:
    """The cutoffs of a panel, oldest first."""
    rows = warehouse.rows(
        "select cutoff, is_live, is_backtest, is_validation from {cutoffs} "
        "where panel_name = $panel order by cutoff",
        panel=panel_name,
    )
    return [Cutoff(**row) for row in rows]


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
    warehouse: Warehouse, settings: PanelSettings, encoding: Encoding | None = None
) -> Panel:
    """A panel's arrays, of the catalogue's active features or of those in `encoding`."""
    panel_name = settings.panel_name
    roles = _roles(warehouse, panel_name)
    past = tuple(encoding.past) if encoding else roles.get("past", ())
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
        series = warehouse.query(connection, _series_sql(warehouse), panel=panel_name)
        arrays = _read_arrays(
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
        derived=_derived(warehouse, panel_name),
        levels=read_levels(warehouse, panel_name, ids),
        **arrays,
        **_statics(statics, ids, roles, encoding),
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


def _series_sql(warehouse: Warehouse) -> str:
    return (
        "select unique_id, min(period_index) as first_index "
        f"from {warehouse.project.relation('panel_extended')} where panel_name = $panel "
        "group by unique_id order by unique_id"
    )


def _read_arrays(
    warehouse: Warehouse,
    connection: duckdb.DuckDBPyConnection,
    settings: PanelSettings,
    roles: dict[str, tuple[str, ...]],
    past: tuple[str, ...],
    future: tuple[str, ...],
    n_series: int,
    index: np.ndarray,
    known: int,
) -> dict[str, Any]:
    """Scatter the panel's rows into (series, periods, features)."""
    mask = next(iter(roles.get("mask", ())), None)
    weight = next(iter(roles.get("weight", ())), None)
    names = ["y", "y_train", *past, *future, *filter(None, (mask, weight))]
    columns = ", ".join(f"cast(p.{quoted(name)} as float) as c{i}" for i, name in enumerate(names))
    relation = warehouse.project.relation("panel_extended")
    sql = (
        "with ids as (select unique_id, row_number() over (order by unique_id) - 1 as "
        "series_index "
        f"from ({_series_sql(warehouse)})) "
        f"select ids.series_index, p.period_index - {int(index[0])} as period, {columns} "
        f"from {relation} as p join ids using (unique_id) where p.panel_name = $panel"
    )
    total = max(len(index), known + settings.horizon)
    folder = warehouse.path.parent
    shapes = [(n_series, total, width) for width in (2, len(past), len(future), 2)]
    need = estimates.needed(settings.panel_name, shapes)
    estimates.check(need, folder)
    if need.is_large:
        warehouse.project.progress.note(str(need))
    y, past_values, future_values, extra = (allocate(shape, folder) for shape in shapes)
    parts = (
        (y, 0, 2),
        (past_values, 2, len(past)),
        (future_values, 2 + len(past), len(future)),
    )
    first_extra = 2 + len(past) + len(future)
    try:
        reader = connection.sql(sql, params={"panel": settings.panel_name}).to_arrow_reader(
            BATCH_ROWS
        )
    except Exception as error:
        raise ForecastError(
            f"panel_extended cannot be read: {first_line(error)}",
            "run `forecast build`; the catalogue names a column that the table does not have",
            BAD_INPUT,
        ) from error
    for batch in reader:
        rows = batch["series_index"].to_numpy()
        places = batch["period"].to_numpy()
        values = np.empty((len(rows), len(names)), np.float32)
        for i in range(len(names)):
            values[:, i] = batch[f"c{i}"].to_numpy(zero_copy_only=False)
        for array, begin, width in parts:
            if width:
                array[rows, places] = values[:, begin : begin + width]
        if mask:
            extra[rows, places, 0] = values[:, first_extra]
        if weight:
            extra[rows, places, 1] = values[:, first_extra + (1 if mask else 0)]
    np.nan_to_num(extra, copy=False)
    return {
        "y": y[:, :known, 0],
        "y_train": y[:, :known, 1],
        "past_values": past_values[:, :known],
        "future_values": future_values[:, : known + settings.horizon],
        "stocked_out": extra[:, :known, 0],
        "weight": extra[:, :known, 1],
    }


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


def _statics(
    table: pa.Table,
    ids: np.ndarray,
    roles: dict[str, tuple[str, ...]],
    encoding: Encoding | None,
) -> dict[str, Any]:
    """What `series` says of each series, in the order of `ids`."""
    place = {unique_id: i for i, unique_id in enumerate(table["unique_id"].to_pylist())}
    rows = [place.get(unique_id) for unique_id in ids]

    def column(name: str) -> list[Any]:
        if name not in table.column_names:
            raise ForecastError(
                f"table series has no column '{name}'",
                "restore it and run `forecast build`, or run `forecast train` to learn without it",
                BAD_INPUT,
            )
        values = table[name].to_pylist()
        return [None if row is None else values[row] for row in rows]

    def number(value: Any) -> float:
        if isinstance(value, dt.date):
            return float((value - dt.date(1970, 1, 1)).days)
        return np.nan if value is None else float(value)

    categorical = tuple(encoding.vocabularies) if encoding else roles.get("static_categorical", ())
    numeric = tuple(encoding.numeric) if encoding else roles.get("static_numeric", ())
    return {
        "categories": {name: np.array(column(name), object) for name in categorical},
        "numbers": {
            name: np.array([number(v) for v in column(name)], np.float32) for name in numeric
        },
        "texts": {
            name: np.array(column(name), object)
            for name in roles.get("static_text", ())
            if name in table.column_names
        },
    }
