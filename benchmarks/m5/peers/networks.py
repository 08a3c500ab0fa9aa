"""LSTM, DeepAR, NHITS and TFT of neuralforecast, one of them by the setting `model`.

All series in one model and a negative binomial likelihood, from which mean and quantiles are drawn.
Demand is divided by the series' mean of four weeks times the weekday profile of its store and
department. (neuralforecast's own scaler divides each
window's covariates by their range there, and a price that first moves after the window explodes:
a first run ended in an error.) Covariates are those every peer is given: prices, SNAP, weekday and
events of all days; the store, the department and the mean of four weeks.

`steps` is the training budget. A part of it is spent on what was known one horizon earlier: the
errors after that origin, which trained nothing yet, give the quantiles of the nodes. Training then
goes on from these weights with everything up to the cutoff.
"""

import logging
import warnings

import numpy as np
import pandas as pd
from peers import errors
from task import QUANTILES, Task

DEFAULTS = {
    "steps": 400, "share_of_earlier": 0.5, "learning_rate": 5e-3, "decays": 8, "input_size": 42,
    "series": 32, "windows": 256, "samples": 100,
}  # fmt: skip
"""All windows of a batch's `series` are laid out before `windows` of them are drawn: few are quick.
With no `share_of_earlier` there are no quantiles of nodes."""

OF_MODEL = {
    "LSTM": {"encoder_hidden_size": 64, "encoder_n_layers": 1, "decoder_hidden_size": 64},
    "DeepAR": {
        "lstm_hidden_size": 64, "lstm_n_layers": 1, "lstm_dropout": 0.0, "trajectory_samples": 50
    },
    "NHITS": {
        "mlp_units": 3 * [[128, 128]], "dropout_prob_theta": 0.2,
        "exclude_insample_y": True, "hist_exog_list": ["past"],
    },
    "TFT": {"hidden_size": 16, "n_head": 2, "dropout": 0.0},
}  # fmt: skip
"""Small enough for two cores. DeepAR's paths are sampled step by step, hence fewer of them. NHITS
adds what it learns to the last value, one noisy day for the mean and the dispersion of four weeks
(it scored 1.28: it had to unlearn that first); here it is given the past as a covariate instead.
"""

FUTURE = ["price_ratio", "price_change", "is_snap", "sin_1", "cos_1", "sin_2", "cos_2",
          "is_sporting", "is_cultural", "is_national", "is_religious", "is_closed"]  # fmt: skip


def quiet() -> None:
    warnings.filterwarnings("ignore")
    for name in ("lightning", "pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)


def known(task: Task, rows: pd.DataFrame) -> pd.DataFrame:
    """unique_id, ds and `FUTURE`, of the size of one, in the order of `rows`."""
    calendar = task.calendar.set_index("ds")
    angle = 2 * np.pi * calendar.index.dayofweek / 7
    of_day = pd.DataFrame(index=calendar.index)
    for k in (1, 2):
        of_day[f"sin_{k}"], of_day[f"cos_{k}"] = np.sin(k * angle), np.cos(k * angle)
    for kind in ("Sporting", "Cultural", "National", "Religious"):
        of_day[f"is_{kind.lower()}"] = calendar["event_type"] == kind
    of_day["is_closed"] = calendar["event"] == "Christmas"
    place = of_day.index.get_indexer(rows["ds"])
    result = rows[["unique_id", "ds"]].copy()
    result["price_ratio"] = 5 * (rows["relative_price"].fillna(1) - 1)
    result["price_change"] = 5 * rows["price_change"].fillna(0)
    result["is_snap"] = rows["is_snap"]
    result[of_day.columns] = of_day.to_numpy(dtype="float32")[place]
    return result[["unique_id", "ds", *FUTURE]].astype(dict.fromkeys(FUTURE, "float32"))


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
        learning_rate=settings["learning_rate"],
        num_lr_decays=settings["decays"],
        batch_size=settings["series"],
        valid_batch_size=256,
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


def units(task: Task, of_series: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """What demand is divided by in each of `rows`: the series' mean of four weeks times the weekday
    profile that its store and department had in them.
    """
    recent = task.history[task.history["ds"] > task.cutoff - pd.Timedelta(days=28)]
    places = task.series.set_index("unique_id")[["store_id", "dept_id"]]
    group = places.groupby(["store_id", "dept_id"]).ngroup()
    weekday = recent["ds"].dt.dayofweek.rename("weekday")
    profile = recent["y"].groupby([recent["unique_id"].map(group), weekday]).mean().unstack()
    profile = profile.div(profile.mean(axis=1), axis=0).clip(lower=0.2).reindex(range(len(profile)))
    scale = np.exp(of_series.set_index("unique_id")["log_mean"])
    of_row = rows["unique_id"].map(scale).to_numpy()
    place = rows["unique_id"].map(group).to_numpy()
    return of_row * profile.to_numpy()[place, rows["ds"].dt.dayofweek]


def fit_and_predict(engine, task: Task, steps: int) -> pd.DataFrame:
    """Train for so many steps on the task's history, from the weights there are; its forecasts."""
    for model in engine.models:
        model.max_steps = model.trainer_kwargs["max_steps"] = max(steps, 1)
        model.lr_decay_steps = max(steps // model.num_lr_decays, 1)
    of_series = static(task)
    train = known(task, task.history)
    train["y"] = task.history["y"] / units(task, of_series, train)
    train["past"] = train["y"]
    engine.fit(train, static_df=of_series)
    rows = engine.predict(futr_df=known(task, task.future)).sort_values(["unique_id", "ds"])
    unique_ids = pd.Index(rows["unique_id"].unique())
    of_row = units(task, of_series, rows).reshape(-1, task.horizon)
    yhat = rows["yhat"].to_numpy().reshape(of_row.shape)
    levels = [name for name in rows.columns if name not in ("unique_id", "ds", "yhat")]
    quantiles = rows[levels].to_numpy().reshape(*yhat.shape, -1) * of_row[:, :, None]
    return task.long(np.maximum(yhat, 0) * of_row, unique_ids, np.sort(quantiles, axis=2))


def forecast(task: Task) -> pd.DataFrame:
    from neuralforecast import NeuralForecast

    quiet()
    settings = {**DEFAULTS, **task.settings}
    names = list(static(task).columns[1:])
    engine = NeuralForecast([build(task, settings, names)], freq="D")
    earlier_steps = round(settings["steps"] * settings["share_of_earlier"])
    if not earlier_steps:
        return fit_and_predict(engine, task, settings["steps"])
    earlier = task.at(task.cutoff - pd.Timedelta(days=task.horizon))
    past = fit_and_predict(engine, earlier, earlier_steps)
    rows = fit_and_predict(engine, task, settings["steps"] - earlier_steps)
    return errors.with_nodes(task, rows, past)
