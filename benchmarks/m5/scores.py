"""The weighted RMSSE in NumPy: what peers are tuned by, over the history as a peer knows it."""

import numpy as np
import pandas as pd
from task import BOTTOM, Task


def weighted_rmsse(task: Task, yhat: pd.DataFrame, after: Task) -> float:
    """Mean over levels 1 to 9 and 12; scales and weights from the history up to the cutoff.

    yhat: series by day. `after` is a task whose history holds the days forecast.
    """
    history, actual = task.wide(), after.wide().reindex(yhat.index)[yhat.columns]
    revenue = (task.history["y"] * task.history["price"]).groupby(task.history["unique_id"])
    recent = revenue.apply(lambda rows: rows.tail(task.horizon).sum())
    long_history = task.nodes.pivot(index=["level", "node_id"], columns="ds", values="y")
    errors = (yhat - actual.fillna(0)).rename_axis("unique_id")
    scores = []
    for level, members in task.hierarchy.groupby("level"):
        node_of = members.set_index("unique_id")["node_id"]
        steps = history if level == BOTTOM else long_history.loc[level]
        squared_scale = (steps.diff(axis=1) ** 2).mean(axis=1)
        summed = errors.groupby(node_of.reindex(errors.index)).sum()
        weight = recent.groupby(node_of.reindex(recent.index)).sum()
        rmsse = np.sqrt((summed**2).mean(axis=1) / squared_scale.reindex(summed.index))
        scores.append((rmsse * weight / weight.sum()).replace(np.inf, np.nan).sum())
    return float(np.mean(scores))
