"""LightGBM by mlforecast: one model of all series, Tweedie loss, recursive lags.

Quantiles come from its own errors at the origin one horizon earlier, where a model of the same
settings that saw nothing later was fitted: `peers/errors.py`.
"""

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor
from mlforecast import MLForecast
from mlforecast.lag_transforms import RollingMean, RollingStd, SeasonalRollingMean
from peers import errors
from scores import weighted_rmsse
from task import KNOWN, Task

STATIC = ["item_id", "dept_id", "cat_id", "store_id", "state_id"]
DEFAULTS = {
    "n_estimators": 500, "learning_rate": 0.05, "num_leaves": 127, "min_child_samples": 100,
    "tweedie_variance_power": 1.2, "colsample_bytree": 0.7, "subsample": 0.8, "reg_lambda": 0.1,
}  # fmt: skip


def SEARCH(trial) -> dict:  # noqa: N802
    """The settings that tuning may choose among."""
    return {
        "n_estimators": trial.suggest_int("n_estimators", 100, 800, step=50),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.15, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 15, 255, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 20, 1000, log=True),
        "tweedie_variance_power": trial.suggest_float("tweedie_variance_power", 1.05, 1.6),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.01, 30.0, log=True),
    }


def validate(task: Task, after: Task) -> float:
    """What tuning lowers: the weighted RMSSE of the mean at the task's cutoff."""
    yhat, unique_ids = mean_forecast(task)
    return weighted_rmsse(task, pd.DataFrame(yhat, unique_ids, task.days), after)


def calendar_features(task: Task) -> pd.DataFrame:
    """Events as codes, on the day, the day before and the day after.

    An event that the history has not seen is none: a tree splits between codes, and would take
    Easter for its neighbour Christmas, when the shops are closed.
    """
    calendar = task.calendar.sort_values("ds")
    past = calendar["ds"].between(task.history["ds"].min(), task.cutoff)
    event = calendar["event"].where(calendar["event"].isin(calendar["event"][past]), "")
    code = event.astype("category").cat.codes.astype("int16")
    return pd.DataFrame(
        {
            "ds": calendar["ds"],
            "event": code,
            "event_type": calendar["event_type"].astype("category").cat.codes.astype("int8"),
            "event_tomorrow": code.shift(-1, fill_value=0),
            "event_yesterday": code.shift(1, fill_value=0),
        }
    )


def with_features(task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.merge(calendar_features(task), on="ds", how="left")
    return rows.astype(dict.fromkeys(KNOWN, "float32"))


def mean_forecast(task: Task) -> tuple[np.ndarray, pd.Index]:
    """The mean at the task's cutoff, (series, horizon), and the series' ids in its order."""
    settings = {**DEFAULTS, **task.settings}
    engine = MLForecast(
        models={
            "yhat": LGBMRegressor(
                objective="tweedie", n_jobs=2, verbosity=-1, subsample_freq=1, seed=1,
                deterministic=True, force_col_wise=True, **settings,
            )
        },
        freq="D",
        lags=[1, 2, 3, 7, 14, 21, 28],
        lag_transforms={
            1: [RollingMean(7), RollingMean(14), RollingMean(28), RollingStd(28),
                SeasonalRollingMean(season_length=7, window_size=4)],
            7: [RollingMean(7)],
        },
        date_features=["dayofweek", "day"],
        num_threads=2,
    )  # fmt: skip
    static = task.series.set_index("unique_id")[STATIC].astype("category")
    train = with_features(task, task.history).merge(static.reset_index(), on="unique_id")
    engine.fit(train, static_features=STATIC, dropna=True)
    future = with_features(task, task.future)
    rows = engine.predict(task.horizon, X_df=future).sort_values(["unique_id", "ds"])
    unique_ids = pd.Index(rows["unique_id"].unique(), name="unique_id")
    return np.maximum(rows["yhat"].to_numpy().reshape(-1, task.horizon), 0), unique_ids


def forecast(task: Task) -> pd.DataFrame:
    yhat, unique_ids = mean_forecast(task)
    earlier = task.at(task.cutoff - pd.Timedelta(days=task.horizon))
    past_yhat, past_ids = mean_forecast(earlier)
    past_y = task.wide().reindex(index=past_ids, columns=earlier.days).to_numpy()
    rows = task.long(yhat, unique_ids, errors.by_forecast_size(past_yhat, past_y, yhat))
    past = earlier.long(past_yhat, past_ids).assign(y=past_y.reshape(-1))
    past_nodes = errors.sums(task, past, "yhat").merge(errors.sums(task, past, "y"))
    nodes = errors.of_nodes(past_nodes, errors.sums(task, rows, "yhat"))
    return pd.concat([rows, nodes.drop(columns="yhat")])
