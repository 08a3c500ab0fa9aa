"""AutoETS of statsforecast: exponential smoothing of each series by itself, chosen by AICc.

The quantiles are those of its own normal errors, cut off at zero; nodes have none.
"""

import numpy as np
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, WindowAverage
from task import QUANTILES, Task

LEVELS = sorted({round(100 * abs(2 * level - 1)) for level in QUANTILES} - {0})
"""Central intervals whose ends are the quantiles."""


def column(level: float) -> str:
    width = round(100 * abs(2 * level - 1))
    return "auto_ets" if width == 0 else f"auto_ets-{'lo' if level < 0.5 else 'hi'}-{width}"


def forecast(task: Task) -> pd.DataFrame:
    engine = StatsForecast(
        models=[AutoETS(season_length=7, alias="auto_ets")],
        freq="D",
        n_jobs=1,
        fallback_model=WindowAverage(window_size=1, alias="auto_ets"),
    )
    history = task.history[["unique_id", "ds", "y"]]
    rows = engine.forecast(df=history, h=task.horizon, level=LEVELS)
    rows = rows.sort_values(["unique_id", "ds"])
    unique_ids = pd.Index(rows["unique_id"].unique())
    shape = (len(unique_ids), task.horizon)
    yhat = np.maximum(rows["auto_ets"].to_numpy().reshape(shape), 0)
    quantiles = np.stack(
        [rows[column(level)].fillna(rows["auto_ets"]).to_numpy() for level in QUANTILES], axis=1
    )
    return task.long(yhat, unique_ids, np.maximum(quantiles, 0).reshape(*shape, -1))
