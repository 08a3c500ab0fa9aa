"""Print what the example found: panels, runs, weighted RMSSE by cutoff and level."""

import sys

import duckdb
from rich.console import Console
from rich.table import Table

LEVELS = {
    "total": "1", "region": "2", "location_id": "3", "category": "4", "subcategory": "5",
    "region/category": "6", "region/subcategory": "7", "location_id/category": "8",
    "location_id/subcategory": "9", "bottom": "12", "all": "mean",
}  # fmt: skip
COLUMNS = ", ".join(
    f"round(avg(score) filter (where level = '{level}'), 4) as level_{name}"
    for level, name in LEVELS.items()
)
SCORES = f"""
    with newest as (
        select run_id, model_name
        from m5_forecasts.runs
        where kind = 'backtest' and status = 'complete' and panel_name = 'item_store'
        qualify row_number() over (
            partition by model_name, settings_fingerprint order by finished_at desc
        ) = 1
    ),
    scores as (
        select newest.run_id, newest.model_name, metrics.level, metrics.metric_value as score,
            unnest([cast(metrics.cutoff as varchar), 'mean']) as cutoff
        from m5_forecasts.metrics as metrics
        join newest on metrics.run_id = newest.run_id
        where metrics.metric_name = 'weighted_rmsse' and metrics.unique_id is null
            and metrics.segment is null and metrics.horizon_step is null
            and metrics.stockouts = 'left out' and metrics.actuals = 'first known'
    )
    select cutoff, model_name, {COLUMNS}
    from scores
    group by cutoff, model_name, run_id
    order by cutoff, level_mean
"""
QUERIES = {
    "Panels": """
        select panel_name, first_period, last_period, n_series from m5_features.settings""",
    "Runs": """
        select panel_name, kind, model_name, round(seconds, 1) as seconds, n_rows,
            round(peak_memory_mb) as peak_memory_mb
        from m5_forecasts.runs where status = 'complete' order by started_at""",
    "Weighted RMSSE of the 28 days after each cutoff, by level": SCORES,
}


def main(warehouse: str = "warehouse.duckdb") -> None:
    console = Console(width=160)
    with duckdb.connect(warehouse, read_only=True) as connection:
        for title, query in QUERIES.items():
            found = connection.sql(query)
            names = [name.removeprefix("level_") for name in found.columns]
            table = Table(*names, title=title, title_justify="left")
            for row in found.fetchall():
                table.add_row(*("" if value is None else str(value) for value in row))
            console.print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
