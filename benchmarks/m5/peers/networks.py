"""LSTM, DeepAR, NHITS and TFT of neuralforecast, one of them by the setting `model`.

All series in one model and a negative binomial likelihood, from which mean and quantiles are drawn.
Demand is divided by the series' mean of four weeks. (neuralforecast's own scaler divides each
window's covariates by their range there, and a price that first moves after the window explodes:
a first run ended in an error.) Covariates are those every peer is given: prices, SNAP, weekday and
events of all days; the store, the department and the mean of four weeks. `steps` is the training
budget.
"""

import logging
import warnings

import numpy as np
import pandas as pd
import torch
from task import QUANTILES, Task

DEFAULTS = {"steps": 400, "learning_rate": 5e-3, "input_size": 42, "windows": 256, "samples": 100}
OF_MODEL = {
    "LSTM": {"encoder_hidden_size": 64, "encoder_n_layers": 1, "decoder_hidden_size": 64},
    "DeepAR": {
        "lstm_hidden_size": 64, "lstm_n_layers": 1, "lstm_dropout": 0.0, "trajectory_samples": 50
    },
    "NHITS": {"mlp_units": 3 * [[128, 128]]},
    "TFT": {"hidden_size": 16, "n_head": 2, "dropout": 0.0},
}  # fmt: skip
"""Small enough for two cores. DeepAR's paths are sampled step by step, hence fewer of them."""

FUTURE = ["price_ratio", "price_change", "is_snap", "sin_1", "cos_1", "sin_2", "cos_2",
          "is_sporting", "is_cultural", "is_national", "is_religious", "is_closed"]  # fmt: skip


def quiet() -> None:
    warnings.filterwarnings("ignore")
    for name in ("lightning", "pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(2)


def known(task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    """unique_id, ds and `FUTURE`, of the size of one."""
    calendar = task.calendar
    angle = 2 * np.pi * calendar["ds"].dt.dayofweek / 7
    of_day = pd.DataFrame({"ds": calendar["ds"], "is_closed": calendar["event"] == "Christmas"})
    for k in (1, 2):
        of_day[f"sin_{k}"], of_day[f"cos_{k}"] = np.sin(k * angle), np.cos(k * angle)
    for kind in ("Sporting", "Cultural", "National", "Religious"):
        of_day[f"is_{kind.lower()}"] = calendar["event_type"] == kind
    rows = rows.merge(of_day, on="ds")
    rows["price_ratio"] = 5 * (rows["relative_price"].fillna(1) - 1)
    rows["price_change"] = 5 * rows["price_change"].fillna(0)
    return rows[["unique_id", "ds", *FUTURE]].astype(dict.fromkeys(FUTURE, "float32"))


def static(task: Task) -> pd.DataFrame:
    """unique_id, the log of the mean of four weeks, and the store and department as 0 and 1."""
    recent = task.history[task.history["ds"] > task.cutoff - pd.Timedelta(days=28)]
    level = np.log(recent.groupby("unique_id")["y"].mean() + 0.1).rename("log_mean")
    places = task.series.set_index("unique_id")[["store_id", "dept_id"]]
    return pd.get_dummies(places).join(level, how="right").astype("float32").reset_index()


def build(task: Task, settings: dict, static_names: list[str]):
    from neuralforecast import models
    from neuralforecast.losses.pytorch import DistributionLoss, MQLoss

    name = settings["model"]
    loss = DistributionLoss(
        "NegativeBinomial",
        quantiles=list(QUANTILES),
        num_samples=settings["samples"],
        validate_args=False,
    )
    return getattr(models, name)(
        h=task.horizon,
        input_size=settings["input_size"],
        futr_exog_list=FUTURE,
        stat_exog_list=static_names,
        loss=loss,
        valid_loss=MQLoss(quantiles=list(QUANTILES)) if name == "DeepAR" else None,
        max_steps=settings["steps"],
        learning_rate=settings["learning_rate"],
        num_lr_decays=3,
        batch_size=256,
        windows_batch_size=settings["windows"],
        inference_windows_batch_size=2048,
        start_padding_enabled=True,
        training_data_availability_threshold=0.5,
        scaler_type="identity",
        random_seed=1,
        alias="yhat",
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=False,
        enable_checkpointing=False,
        **OF_MODEL[name],
    )


def forecast(task: Task) -> pd.DataFrame:
    from neuralforecast import NeuralForecast

    quiet()
    settings = {**DEFAULTS, **task.settings}
    of_series = static(task)
    scale = np.exp(of_series.set_index("unique_id")["log_mean"])
    train = task.history[["unique_id", "ds", "y"]].merge(known(task, task.history))
    train["y"] /= train["unique_id"].map(scale)
    train = train.sort_values(["unique_id", "ds"])
    engine = NeuralForecast([build(task, settings, list(of_series.columns[1:]))], freq="D")
    engine.fit(train, static_df=of_series)
    rows = engine.predict(futr_df=known(task, task.future)).sort_values(["unique_id", "ds"])
    unique_ids = pd.Index(rows["unique_id"].unique())
    of_row = scale.reindex(unique_ids).to_numpy()[:, None]
    yhat = rows["yhat"].to_numpy().reshape(-1, task.horizon)
    levels = [name for name in rows.columns if name not in ("unique_id", "ds", "yhat")]
    quantiles = rows[levels].to_numpy().reshape(*yhat.shape, -1) * of_row[:, :, None]
    return task.long(np.maximum(yhat, 0) * of_row, unique_ids, np.sort(quantiles, axis=2))
