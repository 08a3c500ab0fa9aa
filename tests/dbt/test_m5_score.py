"""The weighted RMSSE of the warehouse on all M5 series, beside the competition's as NumPy has it.

A naive forecast (the 28 days before) at d_1885: scales over d_1 to d_1913 as given and from the
sums, weights by the revenue of the 28 days before the cutoff, the mean over levels 1 to 9 and 12.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.dbt.compiled import Compiled, compile_nodes
from tests.dbt.test_metrics import PANEL, Warehouse

DATA = Path(os.environ.get("FORECAST_DATA_DIR", "")) / "m5"
CUTOFF = dt.date(2016, 3, 27)
HORIZON = 28
LEVELS: dict[str, list[str]] = {
    "total": [],
    "region": ["state_id"],
    "location_id": ["store_id"],
    "category": ["cat_id"],
    "subcategory": ["dept_id"],
    "region/category": ["state_id", "cat_id"],
    "region/subcategory": ["state_id", "dept_id"],
    "location_id/category": ["store_id", "cat_id"],
    "location_id/subcategory": ["store_id", "dept_id"],
}

pytestmark = pytest.mark.skipif(
    not os.environ.get("FORECAST_DATA_DIR") or not (DATA / "series.parquet").exists(),
    reason="FORECAST_DATA_DIR is not set, or has no m5/series.parquet",
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    folder = tmp_path_factory.mktemp("m5")
    return compile_nodes(folder, "int_metric_scales", "write_parents", "score_run")


def by_numpy() -> dict[str, float]:
    """Weighted RMSSE by level, and of `all`."""
    con = duckdb.connect()
    rows = con.sql(
        f"""
        select s.state_id, s.store_id, s.cat_id, s.dept_id,
            any_value(s.rmsse_scale_d1_d1913) as scale,
            list(x.sales order by x.date) as y, list(x.sales * p.sell_price order by x.date) as sold
        from '{DATA}/sales_d1762_d1913.parquet' as x
        join '{DATA}/series.parquet' as s using (item_id, store_id)
        join '{DATA}/calendar.parquet' as c on x.date = c.date
        left join '{DATA}/sell_prices.parquet' as p
            on p.item_id = x.item_id and p.store_id = x.store_id and p.wm_yr_wk = c.wm_yr_wk
        where x.date > date '{CUTOFF}' - {HORIZON} and x.date <= date '{CUTOFF}' + {HORIZON}
        group by s.item_id, s.state_id, s.store_id, s.cat_id, s.dept_id
        """
    ).fetchnumpy()
    y = np.array([list(values) for values in rows["y"]], float)
    sold = np.array([list(values)[:HORIZON] for values in rows["sold"]], float)
    revenue = np.nan_to_num(sold).sum(axis=1)
    errors = y[:, HORIZON:] - y[:, :HORIZON]
    score = {"bottom": float(revenue @ _rmsse(errors, rows["scale"]) / revenue.sum())}
    for number, (level, columns) in enumerate(LEVELS.items(), start=1):
        ids = np.array(["/".join(r) for r in zip(*(rows[c] for c in columns), strict=True)] or "")
        nodes, node = np.unique(np.broadcast_to(ids, len(y)), return_inverse=True)
        history = con.sql(
            "select list(sales order by date) as y "
            f"from '{DATA}/sales_levels_1_to_9_d1_d1913.parquet' "
            f"where level = {number} group by {', '.join(columns) or 'level'} "
            f"order by {' || chr(47) || '.join(columns) or 'level'}"
        ).fetchall()
        assert len(history) == len(nodes)
        scale = np.array([np.mean(np.diff(np.array(h[0], float)) ** 2) for h in history])
        summed = np.zeros((len(nodes), HORIZON))
        np.add.at(summed, node, errors)
        weight = np.bincount(node, revenue) / revenue.sum()
        score[level] = float(weight @ _rmsse(summed, scale))
    return score | {"all": float(np.mean(list(score.values())))}


def _rmsse(errors: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean(errors**2, axis=1) / np.asarray(scale, float))


def fill(warehouse: Warehouse) -> None:
    """All series of d_1762 on, their sums' histories, the given scales and the naive forecast."""
    con, name = warehouse.con, warehouse.compiled.relations
    first = con.execute(f"select min(date) from '{DATA}/sales_d1762_d1913.parquet'").fetchone()[0]
    con.execute(
        f"""
        insert into {name["panel"]}
        select ?, x.item_id || '/' || x.store_id, x.date, x.date - ?, x.sales,
            coalesce(x.sales * p.sell_price, 0), false
        from '{DATA}/sales_d1762_d1913.parquet' as x
        join '{DATA}/calendar.parquet' as c on x.date = c.date
        left join '{DATA}/sell_prices.parquet' as p
            on p.item_id = x.item_id and p.store_id = x.store_id and p.wm_yr_wk = c.wm_yr_wk
        where x.date <= date '{CUTOFF}' + {HORIZON}
        """,
        [PANEL, first],
    )
    con.execute(f"insert into {name['settings']} values (?, 7, {HORIZON}, ?)", [PANEL, first])
    con.execute(f"insert into {name['cutoffs']} values (?, ?)", [PANEL, CUTOFF])
    con.execute(
        f"insert into {name['int_periods']} select distinct panel_name, ds, period_index "
        f"from {name['panel']}"
    )
    con.execute(
        f"insert into {name['series']} select panel_name, unique_id, min(ds) from {name['panel']} "
        "group by all"
    )
    scales, sums = name["stg_metric_scales"], name["stg_aggregates"]
    con.execute(
        f"insert into {scales} select ?, 'bottom', item_id || '/' || store_id, "
        f"rmsse_scale_d1_d1913, null from '{DATA}/series.parquet'",
        [PANEL],
    )
    nodes = {"bottom": ["item_id", "store_id"], **LEVELS}
    for number, (level, columns) in enumerate(nodes.items()):
        node = " || '/' || ".join(columns) or "'total'"
        con.execute(
            f"insert into {name['hierarchy']} select ?, '{level}', {node}, "
            f"item_id || '/' || store_id from '{DATA}/series.parquet'",
            [PANEL],
        )
        if number:
            con.execute(
                f"insert into {sums} select '{level}', {node}, date, sales, null "
                f"from '{DATA}/sales_levels_1_to_9_d1_d1913.parquet' where level = {number}"
            )
    con.execute(
        f"insert into {scales} select ?, level, node_id, avg(step * step), null from ("
        "select *, quantity - lag(quantity) over (partition by level, node_id order by ds) as step "
        f"from {sums}) group by level, node_id",
        [PANEL],
    )
    con.execute(
        f"insert into {name['predictions']} "
        "select 'run', panel_name, 'naive', 'bottom', unique_id, "
        f"date '{CUTOFF}', ds + {HORIZON}, (ds - date '{CUTOFF}')::int + {HORIZON}, y, null, null, "
        f"null, 'ok' from {name['panel']} "
        f"where ds > date '{CUTOFF}' - {HORIZON} and ds <= date '{CUTOFF}'"
    )


def test_weighted_rmsse_of_all_series_equals_the_competitions(
    compiled: Compiled, tmp_path: Path
) -> None:
    warehouse = Warehouse(compiled, tmp_path / "warehouse.duckdb")
    warehouse.con.execute("set memory_limit = '6GB'")
    fill(warehouse)
    warehouse.scales()
    warehouse.run("write_parents")
    warehouse.run("score_run")
    expected = by_numpy()
    found = {
        level: warehouse.metric("weighted_rmsse", level=level, cutoff=CUTOFF) for level in expected
    }
    assert found == pytest.approx(expected, rel=1e-6)
    assert 0.5 < expected["total"] < expected["bottom"] < 1.3
