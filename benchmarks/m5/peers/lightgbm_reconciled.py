"""LightGBM given the aggregates: `lightgbm_tweedie`, reconciled with a LightGBM of the 154 nodes.

The nodes' model is fitted on their whole history, from weekly origins, direct (one row per node,
origin and day ahead), on demand over the node's mean of 28 days; its squared error weighs by the
node's RMSSE scale. Reconciliation is the weighted least squares of Hollyman, Petropoulos & Tipping
(2021) and Wickramasuriya et al. (2019) with both sides given: series move by their mean forecast,
nodes by their squared error at earlier origins that trained nothing.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor
from peers import errors, lightgbm_tweedie
from scipy import sparse
from scores import weighted_rmsse
from task import BOTTOM, COLUMNS, Task

BUILDS_ON = "lightgbm_tweedie"
"""Its forecasts are read, and its seconds count here too."""

TUNED = Path(__file__).parent.parent / "tuned"

SCORED = 17
"""Weekly origins out of sample that give the nodes' errors."""

DEFAULTS = {
    "n_estimators": 400, "learning_rate": 0.04, "num_leaves": 31, "min_child_samples": 50,
    "colsample_bytree": 0.6, "subsample": 0.8, "reg_lambda": 1.0, "series_variance": 20.0,
}  # fmt: skip
"""series_variance: of a series' forecast, over its mean."""

FIRST = [name for name in DEFAULTS if name != "subsample"]
"""What is searched."""


def SEARCH(trial) -> dict:  # noqa: N802
    """The settings that tuning may choose among."""
    return {
        "n_estimators": trial.suggest_int("n_estimators", 100, 500, step=50),
        "learning_rate": trial.suggest_float("learning_rate", 0.015, 0.1, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 7, 63, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 10, 500, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.01, 30.0, log=True),
        "series_variance": trial.suggest_float("series_variance", 5.0, 50.0, log=True),
    }


ORIGINS: dict[tuple, tuple] = {}
"""Of the origins a search returns to: nodes, series' forecasts, their ids, the nodes' variance."""


def validate(task: Task, after: Task) -> float:
    """What tuning lowers: the weighted RMSSE of the reconciled mean at the task's cutoff.

    The series' forecasts are `lightgbm_tweedie`'s with its own settings as found before, and the
    nodes' variance is that of the default settings: both are made once.
    """
    key = task.folder, task.cutoff
    if key not in ORIGINS:
        tuned = json.loads((TUNED / f"{BUILDS_ON}.json").read_text())["settings"]
        below = Task(task.folder, task.cutoff, settings=tuned)
        nodes = Nodes(Task(task.folder, task.cutoff))
        ORIGINS[key] = nodes, *lightgbm_tweedie.mean_forecast(below), nodes.variance(nodes.scored())
    nodes, series, unique_ids, variance = ORIGINS[key]
    nodes.task = task
    moved = nodes.reconciled(series, unique_ids, variance)
    return weighted_rmsse(task, pd.DataFrame(moved, unique_ids, task.days), after)


class Nodes:
    """The nodes' histories, (nodes, days), and rows to learn from them."""

    def __init__(self, task: Task) -> None:
        self.task = task
        wide = task.nodes.pivot(index=["level", "node_id"], columns="ds", values="y")
        self.index, self.first = wide.index, wide.columns[0]
        self.y = wide.to_numpy(dtype=np.float64)
        steps = np.where(np.cumsum(self.y, axis=1)[:, :-1] > 0, np.diff(self.y), np.nan)
        self.squared_scale = pd.Series(np.nanmean(steps**2, axis=1), self.index)
        last = self.y.shape[1] - 1
        self.origins = np.arange(last - task.horizon, 364 + 56, -7)[::-1]
        self.now = last
        self.made: dict[bytes, pd.DataFrame] = {}

    def rows(self, origins: np.ndarray) -> pd.DataFrame:
        """Features, one row per node, origin and day ahead, in this order."""
        horizon = self.task.horizon
        step = np.arange(1, horizon + 1)
        level = self.mean(origins, 28)
        of_last_year = np.where(origins >= 364 + 28, self.mean(origins - 364, 28), np.nan)
        features = {
            "step": self.spread(step[None, None, :], origins),
            "node": self.spread(np.arange(len(self.index))[:, None, None], origins),
            "level": self.spread(self.level_numbers[:, None, None], origins),
        }
        per_origin = {
            "last_week": self.mean(origins, 7) / level,
            "two_weeks": self.mean(origins, 14) / level,
            "before": level / self.mean(origins, 56),
            "year_on_year": level / of_last_year,
        }
        for name, values in per_origin.items():
            features[name] = self.spread(values[:, :, None], origins)
        target = origins[:, None] + step[None, :]
        same_day = target - 7 * (1 + (step[None, :] - 1) // 7)
        features["same_weekday"] = self.y[:, same_day] / level[:, :, None]
        weeks = [self.y[:, same_day - 7 * k] for k in range(8)]
        features["weekday_mean"] = np.mean(weeks[:4], axis=0) / level[:, :, None]
        features["weekday_mean_8"] = np.mean(weeks, axis=0) / level[:, :, None]
        year_ago = target - 364
        features["year_ago"] = self.y[:, year_ago] / of_last_year[:, :, None]
        around = [self.y[:, year_ago + k] for k in range(-3, 4)]
        features["week_year_ago"] = np.mean(around, axis=0) / of_last_year[:, :, None]
        frame = pd.DataFrame({name: values.reshape(-1) for name, values in features.items()})
        calendar = self.calendar().iloc[target.reshape(-1)].reset_index(drop=True)
        repeated = pd.concat([calendar] * len(self.index), ignore_index=True)
        frame = pd.concat([frame, repeated], axis=1)
        snap = frame[["snap_ca", "snap_tx", "snap_wi"]].to_numpy()
        state = self.state[frame["node"].to_numpy()]
        frame["snap"] = np.where(
            state < 0, snap.mean(axis=1), snap[np.arange(len(snap)), np.maximum(state, 0)]
        )
        frame["scale"] = np.broadcast_to(
            level[:, :, None], (len(self.index), len(origins), horizon)
        ).reshape(-1)
        return frame.astype({"node": "category"})

    def mean(self, origins: np.ndarray, days: int) -> np.ndarray:
        """The mean of the last days up to each origin: (nodes, origins)."""
        sums = np.concatenate([np.zeros((len(self.y), 1)), self.y.cumsum(axis=1)], axis=1)
        return (sums[:, origins + 1] - sums[:, origins + 1 - days]) / days

    def spread(self, values: np.ndarray, origins: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (len(self.index), len(origins), self.task.horizon))

    @property
    def level_numbers(self) -> np.ndarray:
        return self.index.get_level_values("level").to_numpy()

    @property
    def state(self) -> np.ndarray:
        """0 California, 1 Texas, 2 Wisconsin, -1 all of them."""
        names = pd.Series(self.index.get_level_values("node_id")).str[:2]
        found = names.map({"CA": 0, "TX": 1, "WI": 2}).fillna(-1).astype(int)
        return found.where(~pd.Series(self.level_numbers).isin([1, 4, 5]), -1).to_numpy()

    def calendar(self) -> pd.DataFrame:
        """One row per day from the first of the histories on."""
        days = self.task.calendar.sort_values("ds")
        days = days[days["ds"] >= self.first]
        event = days["event"].astype("category").cat.codes
        day_of_year = days["ds"].dt.dayofyear
        return pd.DataFrame(
            {
                "weekday": days["ds"].dt.dayofweek,
                "day": days["ds"].dt.day,
                "day_of_year": day_of_year,
                "event": event,
                "event_tomorrow": event.shift(-1, fill_value=event.iloc[0]),
                "event_yesterday": event.shift(1, fill_value=event.iloc[0]),
                "second_event": days["second_event"].astype("category").cat.codes,
                "snap_ca": days["snap_ca"],
                "snap_tx": days["snap_tx"],
                "snap_wi": days["snap_wi"],
            }
        ).reset_index(drop=True)

    def fit(self, origins: np.ndarray) -> LGBMRegressor:
        settings = {**DEFAULTS, **self.task.settings}
        for other in ("bottom", "series_variance"):
            settings.pop(other, None)
        model = LGBMRegressor(
            objective="l2", n_jobs=2, verbosity=-1, subsample_freq=1, seed=1, deterministic=True,
            force_col_wise=True, **settings,
        )  # fmt: skip
        if origins.tobytes() not in self.made:
            self.made[origins.tobytes()] = self.rows(origins)
        rows = self.made[origins.tobytes()].copy(deep=False)
        scale = rows.pop("scale")
        weight = scale**2 / self.squared_scale.to_numpy()[rows["node"].astype(int)]
        return model.fit(rows, self.actual(origins).reshape(-1) / scale, sample_weight=weight)

    def actual(self, origins: np.ndarray) -> np.ndarray:
        """(nodes, origins, horizon)."""
        return self.y[:, origins[:, None] + np.arange(1, self.task.horizon + 1)]

    def predict(self, model: LGBMRegressor, origins: np.ndarray) -> np.ndarray:
        """(nodes, origins, horizon)."""
        rows = self.rows(origins)
        scale = rows.pop("scale")
        yhat = np.maximum(model.predict(rows) * scale, 0)
        return np.asarray(yhat).reshape(len(self.index), len(origins), self.task.horizon)

    def scored(self) -> pd.DataFrame:
        """level, node_id, ds, yhat and y at the scored origins, from a model of those before."""
        origins, model = self.origins[-SCORED:], self.fit(self.origins[:-SCORED])
        shape = (len(self.index), len(origins) * self.task.horizon)
        days = (origins[:, None] + np.arange(1, self.task.horizon + 1)).reshape(-1)
        return pd.DataFrame(
            {
                "level": np.repeat(self.level_numbers, shape[1]),
                "node_id": np.repeat(self.index.get_level_values("node_id"), shape[1]),
                "ds": np.tile(self.first + pd.to_timedelta(days, unit="D"), shape[0]),
                "yhat": self.predict(model, origins).reshape(-1),
                "y": self.actual(origins).reshape(-1),
            }
        )

    def variance(self, scored: pd.DataFrame) -> np.ndarray:
        """The mean squared error of each node at the scored origins."""
        squared = (scored["yhat"] - scored["y"]) ** 2
        by_node = squared.groupby([scored["level"], scored["node_id"]]).mean()
        return by_node.reindex(self.index).to_numpy()

    def reconciled(self, series: np.ndarray, ids: pd.Index, variance: np.ndarray) -> np.ndarray:
        """The series' forecasts, (series, horizon), moved towards the nodes'."""
        of_nodes = self.predict(self.fit(self.origins), np.array([self.now]))[:, 0]
        members = self.task.hierarchy[self.task.hierarchy["level"] < BOTTOM]
        place = self.index.get_indexer(pd.MultiIndex.from_frame(members[["level", "node_id"]]))
        column = ids.get_indexer(members["unique_id"])
        known = column >= 0
        shape = (len(self.index), len(ids))
        sums = sparse.csr_matrix((np.ones(known.sum()), (place[known], column[known])), shape)
        of_series = {**DEFAULTS, **self.task.settings}["series_variance"]
        return reconcile(series, of_nodes, sums, variance, of_series)


def reconcile(
    series: np.ndarray,
    nodes: np.ndarray,
    sums: sparse.csr_matrix,
    node_variance: np.ndarray,
    series_variance: float,
) -> np.ndarray:
    """The series' forecasts nearest to both sides, each by the inverse of its variance.

    series: (series, horizon); nodes: (nodes, horizon); sums: (nodes, series). Not below zero.
    """
    variance = series_variance * np.maximum(series.mean(axis=1), 1e-3)
    spread = sums.multiply(variance).tocsr()
    inner = (spread @ sums.T).toarray() + np.diag(node_variance)
    moved = spread.T @ np.linalg.solve(inner, nodes - sums @ series)
    return np.maximum(series + moved, 0)


def forecast(task: Task) -> pd.DataFrame:
    rows = pd.read_parquet(Path(task.settings["bottom"]))
    rows = rows[rows["level"] == BOTTOM].sort_values(["node_id", "ds"])
    unique_ids = pd.Index(rows["node_id"].unique(), name="unique_id")
    series = rows["yhat"].to_numpy().reshape(len(unique_ids), task.horizon)

    nodes = Nodes(task)
    scored = nodes.scored()
    moved = nodes.reconciled(series, unique_ids, nodes.variance(scored))

    ratio = (moved / np.maximum(series, 1e-3)).reshape(-1, 1)
    quantiles = (rows[COLUMNS].to_numpy() * ratio).reshape(*moved.shape, len(COLUMNS))
    result = task.long(moved, unique_ids, quantiles)
    summed = errors.sums(task, result, "yhat")
    return pd.concat([result, errors.of_nodes(scored, summed).drop(columns="yhat")])
