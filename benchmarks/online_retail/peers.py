"""Forecasts of our peers on the Online Retail panels, at the cutoffs of the example's backtests.

Runs in an environment of its own (see Makefile). Reads `input.parquet` (panel_name, unique_id, ds,
y, one row per series and period) and `cutoffs.parquet` (panel_name, cutoff, horizon, season_length,
frequency), both written by `export.py`; writes `peers/statsforecast.parquet` (model_name,
panel_name, unique_id, cutoff, ds, horizon_step, yhat, seconds). Peers see the rows up to the cutoff
and nothing else; AutoETS sees a year of them, which is more than its smoothing remembers and ends
in an hour.
"""

import sys
import time
from pathlib import Path

import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import TSB, AutoETS, CrostonClassic, WindowAverage


def window_mean(history: pd.DataFrame, ds: pd.DatetimeIndex, window: int) -> pd.DataFrame:
    """The mean of the last `window` periods, of fewer where a series is younger."""
    mean = history.groupby("unique_id")["y"].apply(lambda y: y.tail(window).mean())
    wide = pd.DataFrame({day: mean for day in ds}).rename_axis("unique_id")
    return wide.melt(ignore_index=False, var_name="ds", value_name="yhat").reset_index()


def peers(season_length: int) -> dict[str, list]:
    """The peers by name, with the settings their users would choose for this frequency."""
    return {
        "tsb": [TSB(alpha_d=0.1, alpha_p=0.1, alias="tsb")],
        "croston": [CrostonClassic(alias="croston")],
        "auto_ets": [AutoETS(season_length=season_length, alias="auto_ets")],
    }


def forecast(
    history: pd.DataFrame, cutoff: pd.Timestamp, frame: pd.Series, n_jobs: int
) -> pd.DataFrame:
    """Every peer's forecast from one cutoff, long by model."""
    step = "D" if frame.frequency == "day" else "W-" + cutoff.day_name()[:3].upper()
    last_year = history[history.ds > cutoff - pd.Timedelta(weeks=52)]
    days = pd.date_range(cutoff, periods=int(frame.horizon) + 1, freq=step)[1:]
    started = time.perf_counter()
    simple = window_mean(history, days, 56 if frame.frequency == "day" else 8)
    simple["horizon_step"] = simple["ds"].map({day: k + 1 for k, day in enumerate(days)})
    seconds = time.perf_counter() - started
    parts = [simple.assign(model_name="window_mean", seconds=seconds)]
    parts.append(simple.assign(model_name="zero", yhat=0.0, seconds=0.0))
    for name, models in peers(int(frame.season_length)).items():
        started = time.perf_counter()
        fallback = WindowAverage(window_size=1)
        engine = StatsForecast(models=models, freq=step, n_jobs=n_jobs, fallback_model=fallback)
        known = last_year if name == "auto_ets" else history
        wide = engine.forecast(df=known, h=int(frame.horizon))
        seconds = time.perf_counter() - started
        print(f"{frame.panel_name} {cutoff.date()} {name}: {seconds:.0f} s", flush=True)
        part = wide.rename(columns={name: "yhat"})[["unique_id", "ds", "yhat"]]
        part["horizon_step"] = part.groupby("unique_id").cumcount() + 1
        parts.append(part.assign(model_name=name, seconds=seconds))
    result = pd.concat(parts)
    return result.assign(panel_name=frame.panel_name, cutoff=cutoff)


def main(folder: Path, n_jobs: int) -> None:
    panel = pd.read_parquet(folder / "input.parquet").astype({"ds": "datetime64[ns]"})
    cutoffs = pd.read_parquet(folder / "cutoffs.parquet")
    parts = []
    for frame in cutoffs.itertuples():
        cutoff = pd.Timestamp(frame.cutoff)
        of_panel = panel[(panel.panel_name == frame.panel_name) & (panel.ds <= cutoff)]
        history = of_panel[["unique_id", "ds", "y"]]
        parts.append(forecast(history, cutoff, frame, n_jobs))
    (folder / "peers").mkdir(exist_ok=True)
    pd.concat(parts).to_parquet(folder / "peers" / "statsforecast.parquet", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), n_jobs=2)
