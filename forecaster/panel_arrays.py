"""The rows of `panel_extended`, scattered into arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster import estimates
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.panel import allocate
from forecaster.panel_settings import PanelSettings
from forecaster.project import quoted
from forecaster.warehouse import Warehouse, first_line

if TYPE_CHECKING:
    import duckdb

BATCH_ROWS = 122_880


def series_sql(warehouse: Warehouse) -> str:
    """A panel's series in the order of the arrays, with the index of their first period."""
    return (
        "select unique_id, min(period_index) as first_index "
        f"from {warehouse.project.relation('panel_extended')} where panel_name = $panel "
        "group by unique_id order by unique_id"
    )


def read_arrays(
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
        f"from ({series_sql(warehouse)})) "
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
