"""LightGBM: one model of all series, Tweedie loss, each week ahead forecast directly.

It starts from the series' recent mean times its store and department's weekday profile and learns
the ratio to that (`peers/direct.py`): what it has not learned leaves the totals as they are.
Quantiles come from its own errors at the origin one horizon earlier, where a model of the same
settings that saw nothing later was fitted: `peers/errors.py`.
"""

import lightgbm
import numpy as np
import pandas as pd
from peers import direct, errors
from scores import weighted_rmsse
from task import Task

DEFAULTS = {
    "n_estimators": 100, "learning_rate": 0.05, "num_leaves": 31, "min_child_samples": 500,
    "tweedie_variance_power": 1.2, "colsample_bytree": 0.6, "subsample": 0.7, "reg_lambda": 1.0,
    "share_of_28": 0.4, "by_item": True, "rows": 1_500_000,
}  # fmt: skip
FIRST = [name for name in DEFAULTS if name not in ("rows", "subsample")]
"""What is searched."""

WEEKS = (1, 2, 3, 4)


def SEARCH(trial) -> dict:  # noqa: N802
    """The settings that tuning may choose among."""
    return {
        "n_estimators": trial.suggest_int("n_estimators", 25, 300, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.12, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 7, 127, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 50, 2000, log=True),
        "tweedie_variance_power": trial.suggest_float("tweedie_variance_power", 1.05, 1.5),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.01, 30.0, log=True),
        "share_of_28": trial.suggest_float("share_of_28", 0.0, 1.0),
        "by_item": trial.suggest_categorical("by_item", [False, True]),
    }


PANELS: dict[tuple, direct.Panel] = {}
"""Of the origins a search returns to."""


def validate(task: Task, after: Task) -> float:
    """What tuning lowers: the weighted RMSSE of the mean at the task's cutoff."""
    key = task.folder, task.cutoff
    PANELS[key] = PANELS.get(key) or direct.Panel(task)
    yhat, unique_ids = mean_forecast(task, PANELS[key])
    return weighted_rmsse(task, pd.DataFrame(yhat, unique_ids, task.days), after)


def mean_forecast(task: Task, panel: direct.Panel | None = None) -> tuple[np.ndarray, pd.Index]:
    """The mean at the task's cutoff, (series, horizon), and the series' ids in its order."""
    settings = {**DEFAULTS, **task.settings}
    n_rows = settings.pop("rows") // len(WEEKS)
    of_rows = {
        "share_of_28": settings.pop("share_of_28"),
        "without": [] if settings.pop("by_item") else ["item_id"],
    }
    panel = panel or direct.Panel(task)
    rng = np.random.default_rng(1)
    taught = [panel.examples(week, n_rows, of_rows, rng) for week in WEEKS]
    features = pd.concat([part.features for part in taught], ignore_index=True)
    data = lightgbm.Dataset(
        features,
        np.concatenate([part.y for part in taught]),
        init_score=np.log(np.concatenate([part.baseline for part in taught])),
        categorical_feature=[name for name in direct.STATIC if name in features],
    )
    n_trees = settings.pop("n_estimators")
    fixed = {
        "objective": "tweedie", "num_threads": 2, "verbosity": -1, "seed": 1, "subsample_freq": 1,
        "deterministic": True, "force_col_wise": True, "cat_smooth": 100,
    }  # fmt: skip
    model = lightgbm.train({**fixed, **settings}, data, n_trees)
    everyone, parts = np.arange(len(panel.unique_ids)), []
    for week in WEEKS:
        rows = panel.rows(panel.now, week, everyone, of_rows)
        yhat = rows.baseline * np.exp(model.predict(rows.features, raw_score=True))
        parts.append(yhat.reshape(len(everyone), direct.WEEK))
    return np.concatenate(parts, axis=1), panel.unique_ids


def forecast(task: Task) -> pd.DataFrame:
    yhat, unique_ids = mean_forecast(task)
    earlier = task.at(task.cutoff - pd.Timedelta(days=task.horizon))
    past_yhat, past_ids = mean_forecast(earlier)
    past_y = task.wide().reindex(index=past_ids, columns=earlier.days).to_numpy()
    rows = task.long(yhat, unique_ids, errors.by_forecast_size(past_yhat, past_y, yhat))
    return errors.with_nodes(task, rows, earlier.long(past_yhat, past_ids))
