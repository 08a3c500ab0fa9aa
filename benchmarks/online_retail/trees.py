"""LightGBM on the Online Retail panels: Tweedie loss, each period ahead forecast directly.

    python trees.py FOLDER

Reads and writes as `peers.py` does, into `peers/lightgbm.parquet`; one model a panel and cutoff. A
row is a series, an origin and a period ahead; the model learns the ratio of demand to the series'
recent mean at the origin, from the origins of a year. How many trees is chosen at the last origin
whose horizon is known, by a model of earlier ones.
"""

import sys
import time
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

SETTINGS = {
    "objective": "tweedie", "tweedie_variance_power": 1.4, "num_leaves": 15, "learning_rate": 0.05,
    "min_data_in_leaf": 500, "feature_fraction": 0.7, "bagging_fraction": 0.7, "bagging_freq": 1,
    "seed": 1, "num_threads": 2, "verbosity": -1, "deterministic": True, "force_col_wise": True,
}  # fmt: skip
TREES = 200
"""At most."""

PERIODS = {"day": 7, "week": 1}
"""Periods in a week."""


def mean(y: np.ndarray, origin: int, periods: int) -> np.ndarray:
    """The mean of the last periods up to the origin, of fewer where a series is younger."""
    last = y[:, max(origin + 1 - periods, 0) : origin + 1]
    known = np.isfinite(last)
    return np.where(known, last, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def features(y: np.ndarray, origin: int, ahead: np.ndarray, week: int):
    """Rows, series first, of the periods `ahead` of the origin; and what demand is divided by."""
    weeks = {n: mean(y, origin, n * week) for n in (1, 4, 8, 26)}
    scale = 0.7 * weeks[8] + 0.3 * weeks[26] + 0.02
    columns = {f"mean_{n}": of / scale for n, of in weeks.items()}
    columns["scale"] = np.log(scale)
    columns["sold"] = mean((y > 0) * 1.0, origin, 8 * week)
    columns["age"] = np.isfinite(y[:, : origin + 1]).sum(axis=1)
    total = {n: of.sum() for n, of in weeks.items()}
    profile = np.ones(len(ahead))
    if week > 1:
        back = [origin + ahead - week * ((ahead - 1) // week + 1 + k) for k in range(8)]
        profile = np.mean([np.nansum(y[:, day], axis=0) for day in back], axis=0) / total[8]
    rows = {name: np.repeat(of, len(ahead)) for name, of in columns.items()}
    rows["ahead"] = np.tile(ahead, len(y))
    rows["profile"] = np.tile(profile, len(y))
    baseline = np.outer(scale, np.maximum(profile, 0.02)).reshape(-1)
    return pd.DataFrame(rows).astype("float32"), baseline


def data(parts: list[tuple]) -> lightgbm.Dataset:
    """Of (features, baseline, demand) at each origin; the baseline is where boosting starts."""
    rows = pd.concat([part[0] for part in parts])
    baseline, actual = (np.concatenate([part[k] for part in parts]) for k in (1, 2))
    known = np.isfinite(actual)
    return lightgbm.Dataset(rows[known], actual[known], init_score=np.log(baseline[known]))


def forecast(history: pd.DataFrame, cutoff: pd.Timestamp, frame) -> pd.DataFrame:
    """Every series' forecast from one cutoff."""
    started = time.perf_counter()
    week, horizon = PERIODS[frame.frequency], int(frame.horizon)
    step = "D" if frame.frequency == "day" else "W-" + cutoff.day_name()[:3].upper()
    wide = history.pivot(index="unique_id", columns="ds", values="y")
    y = wide.to_numpy(dtype=np.float32)
    now, rng = y.shape[1] - 1, np.random.default_rng(1)
    taught, origins = [], range(now - horizon, max(now - 52 * week, 8 * week), -2 * week)
    for origin in origins:
        old = y[np.isfinite(y[:, origin - 4 * week])]
        ahead = np.sort(rng.permutation(horizon)[:8]) + 1
        rows, baseline = features(old, origin, ahead, week)
        taught.append((rows, baseline, old[:, origin + ahead].reshape(-1)))
    apart = sum(origin > now - 2 * horizon for origin in origins)
    trial = lightgbm.train(
        SETTINGS, data(taught[apart:]), TREES, valid_sets=[data(taught[:1])],
        callbacks=[lightgbm.early_stopping(20, verbose=False)],
    )  # fmt: skip
    model = lightgbm.train(SETTINGS, data(taught), max(trial.best_iteration, 1))
    ahead = np.arange(1, horizon + 1)
    rows, baseline = features(y, now, ahead, week)
    yhat = baseline * np.exp(model.predict(rows, raw_score=True))
    seconds = time.perf_counter() - started
    print(
        f"{frame.panel_name} {cutoff.date()} lightgbm: {seconds:.0f} s, {model.num_trees()} trees",
        flush=True,
    )
    return pd.DataFrame(
        {
            "unique_id": np.repeat(wide.index, horizon),
            "ds": np.tile(pd.date_range(cutoff, periods=horizon + 1, freq=step)[1:], len(wide)),
            "horizon_step": np.tile(ahead, len(wide)),
            "yhat": yhat,
        }
    ).assign(model_name="lightgbm", panel_name=frame.panel_name, cutoff=cutoff, seconds=seconds)


def main(folder: Path) -> None:
    panel = pd.read_parquet(folder / "input.parquet").astype({"ds": "datetime64[ns]"})
    (folder / "peers").mkdir(exist_ok=True)
    parts = []
    for frame in pd.read_parquet(folder / "cutoffs.parquet").itertuples():
        cutoff = pd.Timestamp(frame.cutoff)
        of_panel = panel[(panel["panel_name"] == frame.panel_name) & (panel["ds"] <= cutoff)]
        parts.append(forecast(of_panel[["unique_id", "ds", "y"]], cutoff, frame))
    pd.concat(parts).to_parquet(folder / "peers" / "lightgbm.parquet", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
