"""Write what the peers may see: the panels of the example, and its backtest cutoffs."""

import sys
from pathlib import Path

import duckdb


def main(warehouse: str, folder: str) -> None:
    with duckdb.connect(warehouse, read_only=True) as connection:
        connection.sql(
            """select panel_name, unique_id, ds, y from retail_features.panel where y is not null
            order by panel_name, unique_id, ds"""
        ).write_parquet(str(Path(folder) / "input.parquet"))
        connection.sql(
            """select panel_name, cutoff, horizon, season_length, frequency
            from retail_features.cutoffs inner join retail_features.settings using (panel_name)
            where is_backtest"""
        ).write_parquet(str(Path(folder) / "cutoffs.parquet"))


if __name__ == "__main__":
    main(*sys.argv[1:])
