"""Forecasts as the rows of boundary 2."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecaster.calibration import UNIFORM, VOLUME_CLASSES
from forecaster.config import RunSettings
from forecaster.forecast_tables import RunResults
from forecaster.models.base import OK, EpochRecord, Forecast, Model
from forecaster.panel import Panel
from forecaster.paths import OwnPaths, sums

if TYPE_CHECKING:
    import pyarrow as pa

BOTTOM = "bottom"


def cutoff_tables(
    panel: Panel, cut: Panel, forecast: Forecast, model: Model, own_paths: OwnPaths
) -> dict[str, pa.Table]:
    """Rows by table, of the series begun by the cutoff; from the last one also those yet to
    launch. `own_paths` are the model's, where it is the one that made the forecast."""
    import pyarrow as pa

    begun = panel.start[:, None] < cut.n_periods
    is_included = np.repeat(begun, cut.horizon, axis=1)
    if cut.n_periods == panel.n_periods:
        steps = cut.n_periods + np.arange(cut.horizon)
        is_included = panel.start[:, None] <= steps[None, :]
    run, levels = model.run, np.array(model.run.quantiles)
    found = sums(cut, forecast, is_included, levels, np.array(run.interval), run.seed, own_paths)
    predictions, quantiles = prediction_tables(cut, forecast, model.name, run, is_included)
    parts: dict[str, list[pa.Table]] = {"predictions": [predictions], "quantiles": [quantiles]}
    keys = Keys(cut, model.name, BOTTOM, cut.unique_ids, *np.nonzero(is_included))
    parts["cumulative_quantiles"] = [quantile_table(keys, found.cumulative, levels)]
    for level, node in zip(cut.levels, found.nodes, strict=True):
        keys = Keys(cut, model.name, level.name, level.node_ids, *np.nonzero(node.is_included))
        status = np.full(len(level.node_ids), OK, object)
        parts["predictions"].append(
            mean_table(keys, node.mean, node.interval, status, run.confidence_level)
        )
        parts["quantiles"].append(quantile_table(keys, node.quantiles, levels))
        parts["cumulative_quantiles"].append(quantile_table(keys, node.cumulative, levels))
    return {
        "calibration": calibration_table(cut, forecast, model.name),
        "reconciliation": reconciliation_table(cut, forecast, model),
        **{name: pa.concat_tables(tables) for name, tables in parts.items()},
    }


def run_results(
    panel_name: str,
    model: Model,
    tables: Sequence[dict[str, pa.Table]],
    history: Sequence[tuple[np.datetime64, EpochRecord]],
    promotion_reason: str | None,
) -> RunResults:
    """All that a run found, of the tables of each of its cutoffs."""
    import pyarrow as pa

    joined = {
        name: pa.concat_tables([part[name] for part in tables]).unify_dictionaries()
        for name in tables[0]
    }
    return RunResults(
        **joined,
        training_history=history_table(panel_name, model.name, history),
        promotion_reason=promotion_reason,
    )


def prediction_tables(
    panel: Panel, forecast: Forecast, model_name: str, run: RunSettings, is_included: np.ndarray
) -> tuple[pa.Table, pa.Table]:
    """(predictions, quantiles) of the series, of the rows in `is_included` (series, horizon)."""
    assert forecast.marginals is not None
    keys = Keys(panel, model_name, BOTTOM, panel.unique_ids, *np.nonzero(is_included))
    interval = forecast.marginals.at(np.array(run.interval))
    return (
        mean_table(keys, forecast.mean, interval, forecast.status, run.confidence_level),
        quantile_table(keys, forecast.quantiles, np.array(run.quantiles)),
    )


@dataclasses.dataclass(frozen=True)
class Keys:
    """Which of a level's nodes, and which of its steps, are rows of a table."""

    panel: Panel
    model_name: str
    level: str
    ids: np.ndarray
    rows: np.ndarray
    steps: np.ndarray

    def columns(self, repeated: int = 1) -> dict[str, pa.Array]:
        """The key columns, each row standing `repeated` times."""
        import pyarrow as pa

        rows, steps = np.repeat(self.rows, repeated), np.repeat(self.steps, repeated)
        panel = self.panel

        def constant(value: str) -> pa.Array:
            return _dictionary(np.array([value], object), np.zeros(len(rows), np.int32))

        days = panel.horizon_ds.astype("datetime64[D]").astype(np.int32)
        cutoff = panel.cutoff.astype("datetime64[D]").astype(np.int32)
        return {
            "panel_name": constant(panel.name),
            "model_name": constant(self.model_name),
            "level": constant(self.level),
            "unique_id": _dictionary(self.ids, rows),
            "cutoff": pa.array(np.full(len(rows), cutoff), pa.int32()).cast(pa.date32()),
            "ds": pa.array(days[steps], pa.int32()).cast(pa.date32()),
            "horizon_step": pa.array((steps + 1).astype(np.int32)),
        }


def mean_table(
    keys: Keys,
    mean: np.ndarray,
    interval: np.ndarray,
    status: np.ndarray,
    confidence_level: float,
) -> pa.Table:
    """Rows of `predictions`, of mean (nodes, horizon) and interval (nodes, horizon, 2)."""
    import pyarrow as pa

    found = interval[keys.rows, keys.steps].astype(np.float64)
    return pa.table(
        {
            **keys.columns(),
            "yhat": mean[keys.rows, keys.steps].astype(np.float64),
            "yhat_lower": found[:, 0],
            "yhat_upper": found[:, 1],
            "confidence_level": np.full(len(found), confidence_level),
            "forecast_status": _dictionary(status, keys.rows),
        }
    )


def quantile_table(keys: Keys, values: np.ndarray, levels: np.ndarray) -> pa.Table:
    """Rows of `quantiles` or `cumulative_quantiles`, of values (nodes, horizon, levels)."""
    import pyarrow as pa

    return pa.table(
        {
            **keys.columns(len(levels)),
            "quantile": np.tile(levels, len(keys.rows)),
            "value": values[keys.rows, keys.steps].reshape(-1).astype(np.float64),
        }
    )


def reconciliation_table(panel: Panel, forecast: Forecast, model: Model) -> pa.Table:
    """What was decided of each level of nodes; no rows where there was nothing to decide."""
    import pyarrow as pa

    verdicts = forecast.verdicts
    n = len(verdicts)
    cutoff = panel.cutoff.astype("datetime64[D]").astype(object)
    return pa.table(
        {
            "panel_name": pa.array([panel.name] * n, pa.string()),
            "model_name": pa.array([model.name] * n, pa.string()),
            "cutoff": pa.array([cutoff] * n, pa.date32()),
            "level": pa.array([v.level for v in verdicts], pa.string()),
            "nodes_model": pa.array([model.run.nodes_model] * n, pa.string()),
            "n_nodes": pa.array([v.n_nodes for v in verdicts], pa.int32()),
            "error_of_nodes": pa.array([float(v.error_of_nodes) for v in verdicts], pa.float64()),
            "error_of_sums": pa.array([float(v.error_of_sums) for v in verdicts], pa.float64()),
            "is_used": pa.array([bool(v.is_used) for v in verdicts], pa.bool_()),
        }
    )


def calibration_table(panel: Panel, forecast: Forecast, model_name: str) -> pa.Table:
    """How the levels of one cutoff's forecast were moved; no row where they were not."""
    import pyarrow as pa

    found = forecast.calibration
    shape = (0, 0, 0) if found is None else found.levels.shape
    steps, volumes, levels = (places.ravel() for places in np.indices(shape))
    n = len(levels)
    return pa.table(
        {
            "panel_name": pa.array([panel.name] * n, pa.string()),
            "model_name": pa.array([model_name] * n, pa.string()),
            "cutoff": pa.array([panel.cutoff.astype(object)] * n, pa.date32()),
            "volume_class": pa.array([VOLUME_CLASSES[v] for v in volumes], pa.string()),
            "horizon_class": pa.array(steps + 1, pa.int32()),
            "nominal": pa.array(UNIFORM[levels], pa.float64()),
            "adjusted": pa.array(found.levels.ravel() if found else [], pa.float64()),
            "n_obs": pa.array(found.n_obs[steps, volumes] if found else [], pa.int64()),
        }
    )


def history_table(
    panel_name: str, model_name: str, history: Sequence[tuple[np.datetime64, EpochRecord]]
) -> pa.Table:
    """training_history of one run; each record with the cutoff it was fitted for."""
    import pyarrow as pa

    n = len(history)
    records = [record for _, record in history]
    return pa.table(
        {
            "panel_name": pa.array([panel_name] * n, pa.string()),
            "model_name": pa.array([model_name] * n, pa.string()),
            "cutoff": pa.array([cutoff.astype(object) for cutoff, _ in history], pa.date32()),
            "epoch": pa.array([r.epoch for r in records], pa.int32()),
            "split": pa.array([r.split for r in records], pa.string()),
            "metric_name": pa.array([r.metric_name for r in records], pa.string()),
            "metric_value": pa.array([r.metric_value for r in records], pa.float64()),
            "seconds": pa.array([r.seconds for r in records], pa.float64()),
        }
    )


def _dictionary(words: np.ndarray, rows: np.ndarray) -> pa.Array:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(
        pa.array(rows.astype(np.int32)), pa.array(list(words), pa.string())
    )
