"""A dbt project whose feature tables are written by hand: boundary 1 without the SQL before it.

The forecast tables, the analyses and the macros are the real package's.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from forecaster.panel import Panel

PACKAGE = Path(__file__).parents[1] / "dbt_project"
PROFILE = """warehouse_forecaster:
  target: dev
  outputs:
    dev: &duckdb
      type: duckdb
      path: "{{ env_var('FORECAST_WAREHOUSE', 'warehouse.duckdb') }}"
      schema: dev
      threads: 1
      keep_open: false
    prod: {<<: *duckdb, schema: prod}
"""


def write_project(folder: Path) -> None:
    """The package without what makes its features; each is copied from the schema `given`."""
    project = folder / "dbt_project"
    (project / "models" / "features").mkdir(parents=True)
    for name in ("macros", "analyses", "models/forecasts", "tests/generic"):
        shutil.copytree(PACKAGE / name, project / name)
    shutil.copy(PACKAGE / "dbt_project.yml", project)
    (folder / "profiles.yml").write_text(PROFILE)
    for name in TABLES:
        (project / "models" / "features" / f"{name}.sql").write_text(
            "{{ config(materialized='table') }} select * from given." + name
        )


TABLES = (
    "settings",
    "panel",
    "panel_extended",
    "named_holidays",
    "series",
    "segments",
    "hierarchy",
    "cutoffs",
    "scaling",
    "feature_catalog",
    "revisions",
    "int_metric_scales",
)


def write_features(warehouse: Path, panel: Panel, backtests: int = 2) -> None:
    """A panel's arrays as the tables of boundary 1, in the schema `given`."""
    tables = feature_tables(panel, backtests)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema if not exists given")
        for name, table in tables.items():
            connection.register("rows_in", table)
            connection.execute(f"create or replace table given.{name} as select * from rows_in")
            connection.unregister("rows_in")


def feature_tables(panel: Panel, backtests: int) -> dict[str, pa.Table]:
    """The rows of every table of boundary 1."""
    known, horizon = panel.n_periods, panel.horizon
    total = known + horizon
    rows = [(i, t) for i in range(panel.n_series) for t in range(int(panel.start[i]), total)]
    series, period = (np.array(column) for column in zip(*rows, strict=True))
    is_known = period < known
    place = np.minimum(period, known - 1)

    def history(values: np.ndarray) -> pa.Array:
        taken = np.where(is_known, values[series, place], np.nan).astype(float)
        return pa.array(taken, from_pandas=True)

    days = [day.astype(object) for day in panel.ds]
    columns = {
        "panel_name": [panel.name] * len(rows),
        "unique_id": list(panel.unique_ids[series]),
        "ds": [days[t] for t in period],
        "period_index": pa.array(period, pa.int32()),
        "y": history(panel.y),
        "y_train": history(panel.y_train),
        "is_stocked_out": pa.array(history(panel.stocked_out).to_numpy(False) == 1),
        "revenue": history(panel.weight),
    }
    for k, name in enumerate(panel.past_names):
        columns[name] = history(panel.past_values[..., k])
    for k, name in enumerate(panel.future_names):
        columns[name] = panel.future_values[series, period, k].astype(float)
    origins = {known - 1: "live"} | {
        known - 1 - horizon * (k + 1): "backtest" for k in range(backtests)
    }
    validations = {origin - horizon for origin in origins}
    cutoffs = sorted({t for t in {*origins, *validations} if t >= horizon})
    names = [panel.name] * panel.n_series
    ids = list(panel.unique_ids)
    roles = {
        "y": "actual",
        "y_train": "target",
        "is_stocked_out": "mask",
        "revenue": "weight",
        **dict.fromkeys(panel.past_names, "past"),
        **dict.fromkeys(panel.future_names, "known_future"),
        **dict.fromkeys(panel.categories, "static_categorical"),
        **dict.fromkeys(panel.numbers, "static_numeric"),
    }
    y_past = [panel.y[:, : t + 1] for t in cutoffs]
    return {
        "settings": pa.table(
            {
                "panel_name": [panel.name],
                "frequency": [panel.frequency],
                "horizon": [horizon],
                "season_length": [panel.season_length],
                "is_signed": [panel.is_signed],
                "nodes_of": pa.array([None], pa.string()),
                "last_period": [days[known - 1]],
                "excluded_period": pa.array([None], pa.date32()),
                "excluded_reason": pa.array([None], pa.string()),
            }
        ),
        "panel": pa.table(columns),
        "panel_extended": pa.table(columns),
        "series": pa.table(
            {
                "panel_name": names,
                "unique_id": ids,
                "place_group": ["any"] * len(ids),
                "first_ds": [days[int(t)] for t in panel.start],
                **{name: list(values) for name, values in panel.categories.items()},
                **{name: values.astype(float) for name, values in panel.numbers.items()},
            }
        ),
        "segments": pa.table(
            {
                "panel_name": names * len(cutoffs),
                "cutoff": [days[t] for t in cutoffs for _ in ids],
                "unique_id": ids * len(cutoffs),
                "life_cycle": ["active"] * len(ids) * len(cutoffs),
                "volume_class": ["a"] * len(ids) * len(cutoffs),
                "intermittency": ["smooth"] * len(ids) * len(cutoffs),
                "segment": ["active a"] * len(ids) * len(cutoffs),
            }
        ),
        "hierarchy": pa.table(
            {
                "panel_name": names * 2,
                "level": ["bottom"] * len(ids) + ["total"] * len(ids),
                "node_id": ids + ["total"] * len(ids),
                "unique_id": ids * 2,
            }
        ),
        "named_holidays": _holiday_table(panel),
        "cutoffs": pa.table(
            {
                "panel_name": [panel.name] * len(cutoffs),
                "cutoff": [days[t] for t in cutoffs],
                "validation_start": [days[t - horizon + 1] for t in cutoffs],
                "is_live": [origins.get(t) == "live" for t in cutoffs],
                "is_backtest": [origins.get(t) == "backtest" for t in cutoffs],
                "is_validation": [t in validations for t in cutoffs],
            }
        ),
        "scaling": pa.Table.from_pylist(
            [
                {
                    "panel_name": panel.name,
                    "cutoff": days[t],
                    "feature_name": name,
                    "method": scale.method,
                    "centre": float(scale.centre),
                    "scale": float(scale.scale),
                }
                for t in cutoffs
                for name, scale in panel.scaling[panel.ds[t]].items()
            ]
        ),
        "feature_catalog": pa.Table.from_pylist(
            [
                {
                    "panel_name": panel.name,
                    "feature_name": name,
                    "role": role,
                    "input_name": "events",
                    "summary_of": "",
                    "is_active": True,
                }
                for name, role in roles.items()
            ]
        ),
        "revisions": pa.table(
            {
                "panel_name": pa.array([], pa.string()),
                "unique_id": pa.array([], pa.string()),
                "ds": pa.array([], pa.date32()),
                "quantity_change": pa.array([], pa.float64()),
            }
        ),
        "int_metric_scales": _metric_scales(panel, cutoffs, y_past),
    }


def _metric_scales(panel: Panel, cutoffs: list[int], y_past: list[np.ndarray]) -> pa.Table:
    rows = []
    for t, y in zip(cutoffs, y_past, strict=True):
        nodes = [("bottom", panel.unique_ids[i], y[i]) for i in range(panel.n_series)]
        nodes.append(("total", "total", np.nansum(y, axis=0)))
        for level, node, values in nodes:
            known = values[np.isfinite(values)]
            step = np.diff(known)
            season = known[panel.season_length :] - known[: -panel.season_length]
            rows.append(
                {
                    "panel_name": panel.name,
                    "cutoff": panel.ds[t].astype(object),
                    "level": level,
                    "unique_id": node,
                    "n_periods": len(known),
                    "squared_step": float((step**2).mean()) if len(step) else None,
                    "absolute_step": float(np.abs(step).mean()) if len(step) else None,
                    "absolute_season_step": float(np.abs(season).mean()) if len(season) else None,
                    "weight": 1.0 / panel.n_series if level == "bottom" else 1.0,
                }
            )
    return pa.Table.from_pylist(rows)


def _holiday_table(panel: Panel) -> pa.Table:
    """Table `named_holidays`: those of the panel, of all its series alike."""
    holidays = panel.holidays
    periods = [] if holidays is None else [int(t) for t in holidays.period]
    names = [] if holidays is None else [holidays.names[code] for code in holidays.name]
    shares = [] if holidays is None else [float(share) for share in holidays.share]
    return pa.table(
        {
            "panel_name": pa.array([panel.name] * len(periods), pa.string()),
            "place_group": pa.array(["any"] * len(periods), pa.string()),
            "ds": pa.array([panel.ds[t].astype(object) for t in periods], pa.date32()),
            "period_index": pa.array(periods, pa.int32()),
            "name": pa.array(names, pa.string()),
            "share": pa.array(shares, pa.float64()),
        }
    )
