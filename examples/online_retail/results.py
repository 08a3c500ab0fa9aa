"""Print what the example found: rows in and removed, runs and their seconds, accuracy by cutoff."""

import sys

import duckdb
from rich.console import Console
from rich.table import Table

QUERIES = {
    "Lines of the two files": "select * from retail_shop.removed_lines order by all",
    "What the package rejected, changed or kept with a mark": """
        select input_name, reason, treatment, n_rows, quantity
        from retail_intermediate.int_rejections order by all""",
    "Panels": """
        select panel_name, first_period, last_period, n_series from retail_features.settings""",
    "Runs": """
        select panel_name, kind, model_name, round(seconds, 1) as seconds, n_rows,
            round(peak_memory_mb) as peak_memory_mb
        from retail_forecasts.runs where status = 'complete' order by panel_name, started_at""",
    "Mean over the cutoffs": """
        select panel_name, model_name, count(*) as cutoffs, round(avg(rmsse), 4) as rmsse,
            round(avg(wape_of_four_weeks), 4) as wape_of_four_weeks, round(avg(rmse), 3) as rmse,
            round(avg(mae), 3) as mae, round(avg(bias), 3) as bias
        from retail_shop.accuracy group by all order by panel_name, rmsse""",
    "By cutoff": """
        select panel_name, cutoff, model_name, n_items, round(rmsse, 4) as rmsse,
            round(wape_of_four_weeks, 4) as wape_of_four_weeks, round(rmse, 3) as rmse,
            round(mae, 3) as mae, round(bias, 3) as bias
        from retail_shop.accuracy order by panel_name, cutoff, accuracy.rmsse""",
}


def main(warehouse: str = "warehouse.duckdb") -> None:
    console = Console(width=140)
    with duckdb.connect(warehouse, read_only=True) as connection:
        for title, query in QUERIES.items():
            found = connection.sql(query)
            table = Table(*found.columns, title=title, title_justify="left")
            for row in found.fetchall():
                table.add_row(*("" if value is None else str(value) for value in row))
            console.print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
