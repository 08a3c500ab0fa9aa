"""LSTM, NHITS, TFT and DeepAR of neuralforecast on the Online Retail panels.

    python networks.py FOLDER [PANEL ...]

Reads and writes as `peers.py` does, one file a model and panel; one that is newer than this file
and its input is kept. The likelihood is negative binomial, scaled by the range of each window, and
what is forecast is its mean; that of NHITS is Poisson, whose mean cannot run away (its negative
binomial ended at a thousand times the demand with a dispersion to match). The budgets of steps are
such that one takes about 20 seconds a cutoff.
"""

import logging
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from neuralforecast import NeuralForecast, models
from neuralforecast.losses.pytorch import MAE, DistributionLoss

MODELS = {
    "nf_lstm": ("LSTM", {"encoder_hidden_size": 64, "encoder_n_layers": 1}),
    "nf_nhits": ("NHITS", {"mlp_units": 3 * [[128, 128]], "dropout_prob_theta": 0.2,
                           "learning_rate": 2e-3, "likelihood": "Poisson"}),
    "nf_deepar": ("DeepAR", {"lstm_hidden_size": 64, "lstm_n_layers": 1, "lstm_dropout": 0.0,
                             "trajectory_samples": 50, "valid_loss": MAE()}),
    "nf_tft": ("TFT", {"hidden_size": 16, "n_head": 2, "dropout": 0.0}),
}  # fmt: skip
INPUT = {"day": 56, "week": 26}
STEPS = {"nf_lstm": (300, 1000), "nf_nhits": (300, 1000), "nf_deepar": (300, 1000),
         "nf_tft": (100, 400)}  # fmt: skip
"""By day and by week."""
WEEKDAY = ["sin_1", "cos_1", "sin_2", "cos_2"]


def with_weekday(rows: pd.DataFrame, frequency: str) -> pd.DataFrame:
    if frequency == "day":
        angle = 2 * np.pi * rows["ds"].dt.dayofweek / 7
        for k in (1, 2):
            rows[f"sin_{k}"], rows[f"cos_{k}"] = np.sin(k * angle), np.cos(k * angle)
    return rows


def forecast(name: str, history: pd.DataFrame, cutoff: pd.Timestamp, frame) -> pd.DataFrame:
    """Every series' forecast from one cutoff, of those sold in the last half-year."""
    started = time.perf_counter()
    step = "D" if frame.frequency == "day" else "W-" + cutoff.day_name()[:3].upper()
    recent = history[history["ds"] > cutoff - pd.Timedelta(days=182)]
    level = recent.groupby("unique_id")["y"].mean()
    level = level[level > 0]
    known = history[history["unique_id"].isin(level.index)].copy()
    class_name, settings = MODELS[name]
    settings = {"learning_rate": 5e-3, "likelihood": "NegativeBinomial", **settings}
    horizon = int(frame.horizon)
    model = getattr(models, class_name)(
        h=horizon,
        input_size=INPUT[frame.frequency],
        futr_exog_list=WEEKDAY if frame.frequency == "day" else None,
        stat_exog_list=["log_level"],
        loss=DistributionLoss(settings.pop("likelihood"), num_samples=500, validate_args=False),
        max_steps=STEPS[name][frame.frequency == "week"],
        num_lr_decays=8,
        batch_size=32,
        valid_batch_size=256,
        windows_batch_size=256,
        inference_windows_batch_size=2048,
        start_padding_enabled=True,
        training_data_availability_threshold=0.5,
        scaler_type="minmax",
        random_seed=1,
        alias="yhat",
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=False,
        enable_checkpointing=False,
        **settings,
    )
    engine = NeuralForecast([model], freq=step)
    static = np.log(level).rename("log_level").reset_index()
    engine.fit(with_weekday(known, frame.frequency), static_df=static)
    days = pd.date_range(cutoff, periods=horizon + 1, freq=step)[1:]
    ahead = pd.MultiIndex.from_product([level.index, days], names=["unique_id", "ds"])
    rows = engine.predict(futr_df=with_weekday(ahead.to_frame(index=False), frame.frequency))
    rows = rows.sort_values(["unique_id", "ds"])[["unique_id", "ds", "yhat"]]
    rows["yhat"] = np.maximum(rows["yhat"], 0)
    rows["horizon_step"] = rows.groupby("unique_id").cumcount() + 1
    seconds = time.perf_counter() - started
    print(f"{frame.panel_name} {cutoff.date()} {name}: {seconds:.0f} s", flush=True)
    return rows.assign(model_name=name, panel_name=frame.panel_name, cutoff=cutoff, seconds=seconds)


def main(folder: Path, panels: list[str]) -> None:
    warnings.filterwarnings("ignore")
    for name in ("lightning", "pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    (folder / "peers").mkdir(exist_ok=True)
    panel = pd.read_parquet(folder / "input.parquet").astype({"ds": "datetime64[ns]"})
    cutoffs = pd.read_parquet(folder / "cutoffs.parquet")
    made_from = max(of.stat().st_mtime for of in (Path(__file__), folder / "input.parquet"))
    for panel_name in panels:
        for name in MODELS:
            out = folder / "peers" / f"{name}_{panel_name}.parquet"
            if out.exists() and out.stat().st_mtime > made_from:
                continue
            parts = []
            for frame in cutoffs[cutoffs["panel_name"] == panel_name].itertuples():
                cutoff = pd.Timestamp(frame.cutoff)
                known = panel[(panel["panel_name"] == panel_name) & (panel["ds"] <= cutoff)]
                parts.append(forecast(name, known[["unique_id", "ds", "y"]], cutoff, frame))
            pd.concat(parts).to_parquet(out, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["week", "day"])
