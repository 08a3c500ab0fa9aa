"""Boundary 2 as the forecaster writes it: tables, columns and types. Altered ones are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

# Column -> DuckDB type.
OF_A_PERIOD = {
    "run_id": "VARCHAR",
    "panel_name": "VARCHAR",
    "model_name": "VARCHAR",
    "level": "VARCHAR",
    "unique_id": "VARCHAR",
    "cutoff": "DATE",
    "ds": "DATE",
    "horizon_step": "INTEGER",
}
RUN_TABLES: dict[str, dict[str, str]] = {
    "runs": {
        "run_id": "VARCHAR",
        "kind": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "model_run_id": "VARCHAR",
        "settings": "VARCHAR",
        "features_fingerprint": "VARCHAR",
        "settings_fingerprint": "VARCHAR",
        "code_fingerprint": "VARCHAR",
        "artifact_path": "VARCHAR",
        "artifact_sha256": "VARCHAR",
        "n_rows": "BIGINT",
        "seconds": "DOUBLE",
        "peak_memory_mb": "DOUBLE",
        "host": "VARCHAR",
        "pid": "BIGINT",
        "process_started_at": "TIMESTAMP",
        "status": "VARCHAR",
        "error": "VARCHAR",
        "started_at": "TIMESTAMP",
        "finished_at": "TIMESTAMP",
    },
    "predictions": {
        **OF_A_PERIOD,
        "yhat": "DOUBLE",
        "yhat_lower": "DOUBLE",
        "yhat_upper": "DOUBLE",
        "confidence_level": "DOUBLE",
        "forecast_status": "VARCHAR",
    },
    "quantiles": {**OF_A_PERIOD, "quantile": "DOUBLE", "value": "DOUBLE"},
    "cumulative_quantiles": {**OF_A_PERIOD, "quantile": "DOUBLE", "value": "DOUBLE"},
    "training_history": {
        "run_id": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "cutoff": "DATE",
        "epoch": "INTEGER",
        "split": "VARCHAR",
        "metric_name": "VARCHAR",
        "metric_value": "DOUBLE",
        "seconds": "DOUBLE",
    },
    "metrics": {
        "run_id": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "level": "VARCHAR",
        "unique_id": "VARCHAR",
        "segment_type": "VARCHAR",
        "segment": "VARCHAR",
        "cutoff": "DATE",
        "horizon_step": "INTEGER",
        "quantile": "DOUBLE",
        "stockouts": "VARCHAR",
        "actuals": "VARCHAR",
        "metric_name": "VARCHAR",
        "metric_value": "DOUBLE",
        "n_obs": "BIGINT",
    },
    "reconciliation": {
        "run_id": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "cutoff": "DATE",
        "level": "VARCHAR",
        "nodes_model": "VARCHAR",
        "n_nodes": "INTEGER",
        "error_of_nodes": "DOUBLE",
        "error_of_sums": "DOUBLE",
        "is_used": "BOOLEAN",
    },
    "calibration": {
        "run_id": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "cutoff": "DATE",
        "volume_class": "VARCHAR",
        "horizon_class": "INTEGER",
        "nominal": "DOUBLE",
        "adjusted": "DOUBLE",
        "n_obs": "BIGINT",
    },
    "trials": {
        "run_id": "VARCHAR",
        "panel_name": "VARCHAR",
        "model_name": "VARCHAR",
        "trial": "INTEGER",
        "parameter_name": "VARCHAR",
        "parameter_value": "VARCHAR",
        "cutoff": "DATE",
        "value": "DOUBLE",
        "status": "VARCHAR",
        "seconds": "DOUBLE",
    },
    "selections": {
        "selected_at": "TIMESTAMP",
        "panel_name": "VARCHAR",
        "cutoff": "DATE",
        "segment_type": "VARCHAR",
        "segment": "VARCHAR",
        "model_name": "VARCHAR",
        "settings_fingerprint": "VARCHAR",
        "opponent_name": "VARCHAR",
        "opponent_fingerprint": "VARCHAR",
        "mean_difference": "DOUBLE",
        "lower": "DOUBLE",
        "upper": "DOUBLE",
        "n_series": "BIGINT",
        "n_cutoffs": "BIGINT",
        "is_published": "BOOLEAN",
        "reason": "VARCHAR",
    },
    "model_promotions": {
        "promoted_at": "TIMESTAMP",
        "panel_name": "VARCHAR",
        "segment": "VARCHAR",
        "run_id": "VARCHAR",
        "reason": "VARCHAR",
    },
}


def check_tables(warehouse: Warehouse, connection: duckdb.DuckDBPyConnection) -> None:
    """The tables of boundary 2 are as the contract says, or nothing is written."""
    for name, contract in RUN_TABLES.items():
        relation = warehouse.project.relation(name)
        schema, table = (part.strip('"') for part in relation.split('"."'))
        found = dict(
            connection.execute(
                "select column_name, data_type from information_schema.columns "
                "where table_schema = $schema and table_name = $table",
                {"schema": schema, "table": table},
            ).fetchall()
        )
        remedy = "restore the table, or move it away and run `dbt build` to make it anew"
        if not found:
            raise ForecastError(f"table {relation} is missing", "run `forecast build`", BAD_INPUT)
        for column, kind in contract.items():
            if column not in found:
                raise ForecastError(
                    f"table {relation} was altered: column {column} is missing",
                    remedy,
                    BAD_INPUT,
                )
            if found[column] != kind:
                raise ForecastError(
                    f"table {relation} was altered: column {column} is {found[column]}, not {kind}",
                    remedy,
                    BAD_INPUT,
                )
        extra = sorted(set(found) - set(contract))
        if extra:
            raise ForecastError(
                f"table {relation} was altered: column {extra[0]} is not in its contract",
                remedy,
                BAD_INPUT,
            )
