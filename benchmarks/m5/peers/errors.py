"""Quantiles out of past errors, for peers that give a mean alone."""

import numpy as np
import pandas as pd
from task import BOTTOM, COLUMNS, QUANTILES, Task

CLASSES = 40
"""Classes of the forecast's size: 30,490 series by 28 days leave thousands of errors in each."""


def by_forecast_size(
    past_yhat: np.ndarray, past_y: np.ndarray, yhat: np.ndarray, classes: int = CLASSES
) -> np.ndarray:
    """Quantiles of the actual given the forecast: yhat times the empirical quantile of y / yhat.

    Ratios are taken by week ahead and by class of the forecast's size, from an origin whose
    forecast trained on nothing after it (split conformal prediction with classes).

    past_yhat, past_y, yhat: (series, horizon). Returns (series, horizon, levels).
    """
    result = np.zeros((*yhat.shape, len(QUANTILES)), dtype=np.float32)
    for week in range(0, yhat.shape[1], 7):
        days = slice(week, week + 7)
        past = np.maximum(past_yhat[:, days].reshape(-1), 1e-3)
        actual = past_y[:, days].reshape(-1)
        past, actual = past[np.isfinite(actual)], actual[np.isfinite(actual)]
        edges = np.quantile(past, np.linspace(0, 1, classes + 1)[1:-1])
        of_past, of_now = np.searchsorted(edges, past), np.searchsorted(edges, yhat[:, days])
        for k in range(classes):
            inside = of_past == k
            if inside.any():
                ratios = np.quantile(actual[inside] / past[inside], QUANTILES)
                here = of_now == k
                result[:, days][here] = yhat[:, days][here][:, None] * ratios
    return result


def of_nodes(past: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of parents: their forecast times the quantiles of actual / forecast of the level.

    past: level, node_id, ds, yhat, y, at one or more earlier origins; now: level, node_id, ds,
    yhat. Returns now with the quantiles' columns.
    """
    parts = []
    for level, rows in now.groupby("level"):
        errors = past[past["level"] == level]
        ratios = np.quantile(errors["y"] / np.maximum(errors["yhat"], 1e-3), QUANTILES)
        quantiles = rows["yhat"].to_numpy() * ratios[:, None]
        parts.append(rows.assign(**dict(zip(COLUMNS, quantiles, strict=True))))
    return pd.concat(parts)


def sums(task: Task, rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """level, node_id, ds and the summed value of levels 1 to 9; rows: node_id (a series), ds."""
    above = task.hierarchy[task.hierarchy["level"] < BOTTOM]
    joined = above.merge(
        rows[["node_id", "ds", value]].rename(columns={"node_id": "unique_id"}), on="unique_id"
    )
    return joined.groupby(["level", "node_id", "ds"], as_index=False)[value].sum()


def with_nodes(task: Task, rows: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """Forecasts of series, and of nodes their quantiles, from the errors of the sums before.

    rows, past: node_id (a series), ds, yhat, at the task's cutoff and at an earlier one whose
    horizon the history holds.
    """
    actual = task.history.rename(columns={"unique_id": "node_id"})[["node_id", "ds", "y"]]
    past = past[["node_id", "ds", "yhat"]].merge(actual, on=["node_id", "ds"])
    past_nodes = sums(task, past, "yhat").merge(sums(task, past, "y"))
    nodes = of_nodes(past_nodes, sums(task, rows, "yhat"))
    return pd.concat([rows, nodes.drop(columns="yhat")])
