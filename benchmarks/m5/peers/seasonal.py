"""Means of past same weekdays; their quantiles are those of their past errors."""

import numpy as np
import pandas as pd
from peers import errors
from task import Task

ORIGINS = 5
"""Weekly origins whose errors give the quantiles: the latest one horizon before the cutoff."""


def mean_of_weekdays(task: Task, weeks: int) -> tuple[np.ndarray, pd.DataFrame]:
    """The forecast, (series, horizon), and the demand it comes from, series by day."""
    wide = task.wide()
    last = wide.iloc[:, -7 * weeks :].to_numpy().reshape(len(wide), -1, 7)
    known = np.isfinite(last)
    profile = np.where(known, last, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.tile(profile, task.horizon // 7), wide


def forecast(task: Task, weeks: int) -> pd.DataFrame:
    yhat, wide = mean_of_weekdays(task, weeks)
    past_yhat, past_y, past_nodes = [], [], []
    for origin in range(ORIGINS):
        earlier = task.at(task.cutoff - pd.Timedelta(days=task.horizon + 7 * origin))
        forecasts, known = mean_of_weekdays(earlier, weeks)
        actual = wide.reindex(index=known.index, columns=earlier.days).to_numpy()
        past_yhat.append(forecasts)
        past_y.append(actual)
        rows = earlier.long(forecasts, known.index).assign(y=actual.reshape(-1))
        past_nodes.append(errors.sums(task, rows, "yhat").merge(errors.sums(task, rows, "y")))
    quantiles = errors.by_forecast_size(np.concatenate(past_yhat), np.concatenate(past_y), yhat)
    rows = task.long(yhat, wide.index, quantiles)
    nodes = errors.of_nodes(pd.concat(past_nodes), errors.sums(task, rows, "yhat"))
    return pd.concat([rows, nodes.drop(columns="yhat")])
