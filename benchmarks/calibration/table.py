"""Print how often demand fell below each quantile, by class and week, of sums and of parents.

python table.py WAREHOUSE
"""

import sys

import duckdb
from rich.console import Console
from rich.table import Table

# Shares are means over pairs, so pooled they are means weighted by the pairs behind them.
SHARES = """
    create temp table shares as
    with newest as (
        select panel_name, model_name, max_by(run_id, finished_at) as run_id
        from {forecasts}.runs where kind = 'backtest' and status = 'complete' group by all
    )
    select
        newest.panel_name, newest.model_name, m.level, coalesce(m.segment, 'all') as class,
        m.cutoff, m.quantile,
        case when m.metric_name like 'cumulative%' then m.horizon_step end as periods,
        (m.horizon_step - 1) // if(settings.frequency = 'day', 7, 1) + 1 as week,
        replace(m.metric_name, 'cumulative_', '') as metric_name,
        m.metric_value, m.n_obs
    from {forecasts}.metrics as m
    inner join newest on m.run_id = newest.run_id
    inner join {features}.settings as settings on newest.panel_name = settings.panel_name
    where
        m.horizon_step is not null and m.quantile is not null and m.unique_id is null
        and m.stockouts = 'left out' and m.actuals = 'first known'
"""
POOLED = """
    with pooled as (
        select
            model_name, level, class, {by}, quantile,
            sum(metric_value * n_obs) filter (metric_name = 'share_below')
                / sum(n_obs) filter (metric_name = 'share_below') as below,
            sum(metric_value * n_obs) filter (metric_name = 'share_at_or_below')
                / sum(n_obs) filter (metric_name = 'share_at_or_below') as at_or_below,
            sum(metric_value * n_obs) filter (metric_name = 'pit')
                / sum(n_obs) filter (metric_name = 'pit') as pit,
            sum(n_obs) filter (metric_name = 'pit') as n
        from shares where panel_name = '{panel}' and {where} group by all
    )
    select
        model_name as model, level, class, {by}, max(n) as n,
        string_agg(
            format('{{:.2f}}', below) || '-' || format('{{:.2f}}', at_or_below), ' '
            order by quantile
        ) filter (
            quantile in (0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95)
        ) as "P(y<q)-P(y<=q)",
        round(max(greatest(below - quantile, quantile - at_or_below, 0)), 3) as worst,
        round(max(abs(pit - quantile)), 3) as pit_deviation
    from pooled group by all order by all
"""
TABLES = {
    "Periods, by class of volume and week (bar: worst 0.02, PIT 0.02)": (
        "week", "periods is null and level = 'bottom' and class <> 'all'", 0.02,
    ),
    "Periods, by class of volume (all weeks)": (
        "'all' as weeks", "periods is null and level = 'bottom'", 0.02,
    ),
    "Sums over time, by class of volume (bar: worst 0.05)": (
        "periods", "periods is not null and level = 'bottom'", 0.05,
    ),
    "Parents, by period (bar: worst 0.05)": (
        "'all' as weeks", "periods is null and level <> 'bottom'", 0.05,
    ),
    "Parents, sums over time (bar: worst 0.05)": (
        "periods", "periods is not null and level <> 'bottom'", 0.05,
    ),
}  # fmt: skip


def main(warehouse: str) -> None:
    console = Console(width=170)
    with duckdb.connect(warehouse, read_only=True) as connection:
        (schema,) = connection.sql(
            "select schema_name from duckdb_tables() where table_name = 'predictions'"
        ).fetchall()[0]
        features = schema.removesuffix("_forecasts") + "_features"
        connection.execute(SHARES.format(forecasts=schema, features=features))
        console.print("Pairs of P(y<q) and P(y<=q) at .05 .1 .25 .4 .5 .6 .75 .9 .95")
        panels = connection.sql("select distinct panel_name from shares order by all").fetchall()
        for (panel,) in panels:
            cutoffs = connection.sql(
                "select model_name, string_agg(distinct cutoff, ', ' order by cutoff) "
                f"from shares where panel_name = '{panel}' group by all order by all"
            )
            for model, days in cutoffs.fetchall():
                console.print(f"{panel}, {model}: cutoffs {days}")
            for title, (by, where, bar) in TABLES.items():
                show(
                    console, connection, title, POOLED.format(by=by, where=where, panel=panel), bar
                )


def show(
    console: Console, connection: duckdb.DuckDBPyConnection, title: str, query: str, bar: float
) -> None:
    """One table, and how many of its rows meet the bar."""
    found = connection.sql(query)
    rows = found.fetchall()
    if not rows:
        return
    table = Table(*found.columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(str(value) for value in row))
    console.print(table)
    for model in sorted({row[0] for row in rows}):
        worst, pit = ([row[k] for row in rows if row[0] == model] for k in (-2, -1))
        console.print(
            f"{model}: worst within {bar} in {sum(x <= bar for x in worst)} of {len(worst)}, "
            f"PIT in {sum(x <= bar for x in pit)}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
