"""LightGBM by mlforecast on the Online Retail panels: Tweedie loss, recursive lags.

    python trees.py FOLDER

Reads and writes as `peers.py` does, into `peers/lightgbm.parquet`; one model a panel and cutoff.
Demand is divided by the series' mean of its last half-year, which the model is also told.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor
from mlforecast import MLForecast
from mlforecast.lag_transforms import ExpandingMean, RollingMean

LAGS = {
    "day": ([1, 7, 14, 21, 28], {1: [RollingMean(7), RollingMean(28), RollingMean(56)]}),
    "week": ([1, 2, 3, 4, 8], {1: [RollingMean(4), RollingMean(8), RollingMean(26)]}),
}
SETTINGS = {
    "objective": "tweedie", "tweedie_variance_power": 1.4, "n_estimators": 120, "num_leaves": 31,
    "learning_rate": 0.05, "min_child_samples": 200, "colsample_bytree": 0.7, "seed": 1,
    "n_jobs": 2, "verbosity": -1, "deterministic": True, "force_col_wise": True,
}  # fmt: skip
DATES = {"day": ["dayofweek"], "week": []}
TAUGHT = {"day": 240, "week": 52}
"""Periods of history it learns from."""


def forecast(history: pd.DataFrame, cutoff: pd.Timestamp, frame) -> pd.DataFrame:
    """Every series' forecast from one cutoff."""
    started = time.perf_counter()
    step = "D" if frame.frequency == "day" else "W-" + cutoff.day_name()[:3].upper()
    n_days = TAUGHT[frame.frequency] * (1 if frame.frequency == "day" else 7)
    known = history[history["ds"] > cutoff - pd.Timedelta(days=n_days)]
    recent = known[known["ds"] > cutoff - pd.Timedelta(days=182)]
    scale = recent.groupby("unique_id")["y"].mean() + 0.05
    known = known[known["unique_id"].isin(scale.index)].copy()
    known["log_scale"] = np.log(known["unique_id"].map(scale)).astype("float32")
    known["y"] = (known["y"] / known["unique_id"].map(scale)).astype("float32")
    lags, transforms = LAGS[frame.frequency]
    engine = MLForecast(
        models={"yhat": LGBMRegressor(**SETTINGS)}, freq=step, lags=lags, num_threads=2,
        lag_transforms={**transforms, 2: [ExpandingMean()]}, date_features=DATES[frame.frequency],
    )  # fmt: skip
    engine.fit(known, static_features=["log_scale"], dropna=False)
    rows = engine.predict(int(frame.horizon)).sort_values(["unique_id", "ds"])
    rows["yhat"] = np.maximum(rows["yhat"], 0) * rows["unique_id"].map(scale)
    rows["horizon_step"] = rows.groupby("unique_id").cumcount() + 1
    seconds = time.perf_counter() - started
    print(f"{frame.panel_name} {cutoff.date()} lightgbm: {seconds:.0f} s", flush=True)
    return rows.assign(
        model_name="lightgbm", panel_name=frame.panel_name, cutoff=cutoff, seconds=seconds
    )


def main(folder: Path) -> None:
    panel = pd.read_parquet(folder / "input.parquet").astype({"ds": "datetime64[ns]"})
    parts = []
    (folder / "peers").mkdir(exist_ok=True)
    for frame in pd.read_parquet(folder / "cutoffs.parquet").itertuples():
        cutoff = pd.Timestamp(frame.cutoff)
        of_panel = panel[(panel["panel_name"] == frame.panel_name) & (panel["ds"] <= cutoff)]
        parts.append(forecast(of_panel[["unique_id", "ds", "y"]], cutoff, frame))
    pd.concat(parts).to_parquet(folder / "peers" / "lightgbm.parquet", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
