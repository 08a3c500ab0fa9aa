"""AutoETS of statsforecast: exponential smoothing of each series by itself, chosen by AICc.

Always with a season: left to AICc most series, being mostly zeros, have none, and their sums then
lack the weekday (weighted RMSSE .90). Without a trend, which four weeks ahead is worth nothing here
and takes most of the time. The quantiles are those of its own normal errors, cut off at zero. Those
of nodes are its quantiles of the sums of the same days, moved to the sum of the series' forecasts.
"""

import numpy as np
import pandas as pd
from peers import errors
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, WindowAverage
from task import BOTTOM, COLUMNS, QUANTILES, Task

LEVELS = sorted({round(100 * abs(2 * level - 1)) for level in QUANTILES} - {0})
"""Central intervals whose ends are the quantiles."""


def column(level: float) -> str:
    width = round(100 * abs(2 * level - 1))
    return "auto_ets" if width == 0 else f"auto_ets-{'lo' if level < 0.5 else 'hi'}-{width}"


def of_each(history: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """unique_id, ds, yhat and `COLUMNS`, of every series of the history by itself."""
    engine = StatsForecast(
        models=[AutoETS(season_length=7, model="ZNA", alias="auto_ets")],
        freq="D",
        n_jobs=1,
        fallback_model=WindowAverage(window_size=1, alias="auto_ets"),
    )
    rows = engine.forecast(df=history, h=horizon, level=LEVELS).sort_values(["unique_id", "ds"])
    result = rows[["unique_id", "ds"]].assign(yhat=np.maximum(rows["auto_ets"], 0))
    for name, level in zip(COLUMNS, QUANTILES, strict=True):
        result[name] = np.maximum(rows[column(level)].fillna(rows["auto_ets"]), 0)
    return result


def forecast(task: Task) -> pd.DataFrame:
    rows = of_each(task.history[["unique_id", "ds", "y"]], task.horizon)
    rows = rows.rename(columns={"unique_id": "node_id"}).assign(level=BOTTOM)

    past = task.history.rename(columns={"unique_id": "node_id"})
    keys = ["level", "node_id"]
    past_nodes = errors.sums(task, past, "y")
    past_nodes["unique_id"] = past_nodes[keys].astype(str).agg("|".join, axis=1)
    spread = of_each(past_nodes[["unique_id", "ds", "y"]], task.horizon)
    spread = spread.merge(past_nodes[[*keys, "unique_id"]].drop_duplicates())
    nodes = spread.merge(errors.sums(task, rows, "yhat"), on=[*keys, "ds"], suffixes=("_own", ""))
    moved = (nodes["yhat"] / nodes["yhat_own"]).to_numpy()[:, None]
    nodes[COLUMNS] = nodes[COLUMNS].to_numpy() * moved
    return pd.concat([rows, nodes[[*keys, "ds", *COLUMNS]]])
