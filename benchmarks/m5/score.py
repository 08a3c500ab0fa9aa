"""Score forecasts by `score.sql`, ours and the peers' alike."""

from pathlib import Path

import duckdb
from task import COLUMNS

INPUTS = ("panel", "nodes", "hierarchy", "given_scales")


def score(inputs: Path, files: list[Path], memory: str = "4GB") -> duckdb.DuckDBPyConnection:
    """A connection with the tables `scores` and `rmsse_by_level`, `pinball_by_level`.

    files: MODEL/CUTOFF.parquet, any of them.
    """
    connection = duckdb.connect()
    connection.sql(f"set memory_limit = '{memory}'; set threads = 2")
    for name in INPUTS:
        connection.sql(f"create view {name} as from '{inputs / name}.parquet'")
    connection.sql(
        f"""create view forecasts as
        select
            parse_filename(parse_path(filename)[-2]) as model_name,
            parse_filename(filename, true)::date as cutoff,
            level, node_id, ds::date as ds, yhat, {", ".join(COLUMNS)}
        from read_parquet({[str(file) for file in files]}, filename = true, union_by_name = true)"""
    )
    for statement in (Path(__file__).parent / "score.sql").read_text().split(";\n"):
        if statement.strip():
            connection.execute(statement)
    return connection
