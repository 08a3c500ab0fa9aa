"""DeepAR of GluonTS (PyTorch): a negative binomial, scaled by each window's mean, by sampled paths.

Covariates as the other networks' (`peers/networks.py`); what those divide demand by is one more
(its likelihood takes counts alone). Like them it is trained up to an earlier origin first, for the
quantiles of the nodes, and goes on from there, at a lower learning rate. Lags up to four weeks.
"""

from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from gluonts.dataset.common import ListDataset
from gluonts.torch.distributions import NegativeBinomialOutput
from gluonts.torch.model.deepar import DeepAREstimator
from peers import errors
from peers.networks import FUTURE, known, quiet, static, units
from task import QUANTILES, Task

DEFAULTS = {
    "batches": 600, "batch_size": 128, "samples": 40,
    "parts": [["earlier", 0.5, 1e-2], ["earlier", 0.25, 1e-3], ["now", 0.25, 1e-3]],
}  # fmt: skip
"""Of the batches what share is trained on what, and how fast: without an end at a low rate the sums
of the forecasts are off, at every origin in another direction."""
CATEGORIES = ["store_id", "dept_id"]


def dataset(task: Task, rows: pd.DataFrame, with_future: bool) -> ListDataset:
    """One entry a series: demand from the first sale on, covariates to the end of the horizon."""
    places = task.series.set_index("unique_id")[CATEGORIES]
    codes = places.apply(lambda of: of.astype("category").cat.codes)
    rows = rows.sort_values(["unique_id", "ds"])
    usual = np.log(units(task, static(task), rows)).astype("float32")
    covariates = np.c_[known(task, rows)[FUTURE].to_numpy(), usual]
    demand = rows["y"].to_numpy()
    names = rows["unique_id"].to_numpy()
    starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]])
    entries = []
    for start, end in zip(starts, np.r_[starts[1:], len(rows)], strict=True):
        last = end - task.horizon if with_future else end
        entries.append(
            {
                "item_id": names[start],
                "start": rows["ds"].iloc[start],
                "target": demand[start:last],
                "feat_static_cat": codes.loc[names[start]].to_numpy(),
                "feat_dynamic_real": covariates[start:end].T,
            }
        )
    return ListDataset(entries, freq="D")


def estimator(task: Task, settings: dict, batches: int, learning_rate: float, checkpoints: str):
    return DeepAREstimator(
        freq="D",
        prediction_length=task.horizon,
        context_length=task.horizon,
        num_layers=1,
        hidden_size=64,
        lr=learning_rate,
        dropout_rate=0.0,
        num_feat_dynamic_real=len(FUTURE) + 1,
        num_feat_static_cat=len(CATEGORIES),
        cardinality=[task.series[name].nunique() for name in CATEGORIES],
        distr_output=NegativeBinomialOutput(),
        lags_seq=[1, 2, 3, 7, 14, 21, 28],
        time_features=[],
        num_parallel_samples=settings["samples"],
        batch_size=settings["batch_size"],
        num_batches_per_epoch=max(batches, 1),
        trainer_kwargs={
            "max_epochs": 1, "accelerator": "cpu", "enable_progress_bar": False,
            "enable_model_summary": False, "logger": False, "default_root_dir": checkpoints,
        },
    )  # fmt: skip


def predict(predictor, task: Task) -> pd.DataFrame:
    everything = pd.concat([task.history, task.future])
    paths = list(predictor.predict(dataset(task, everything, with_future=True)))
    samples = np.stack([of.samples for of in paths])
    unique_ids = pd.Index([of.item_id for of in paths])
    quantiles = np.quantile(samples, QUANTILES, axis=1).transpose(1, 2, 0)
    return task.long(samples.mean(axis=1), unique_ids, quantiles)


def forecast(task: Task) -> pd.DataFrame:
    quiet()
    torch.manual_seed(1)
    settings = {**DEFAULTS, **task.settings}
    at = {"earlier": task.at(task.cutoff - pd.Timedelta(days=task.horizon)), "now": task}
    history = {name: dataset(of, of.history, with_future=False) for name, of in at.items()}
    predictor, found = None, {}
    with TemporaryDirectory() as checkpoints:
        for number, (name, share, rate) in enumerate(settings["parts"]):
            batches = round(share * settings["batches"])
            trained = estimator(at[name], settings, batches, rate, checkpoints)
            if predictor is None:
                predictor = trained.train(history[name])
            else:
                predictor = trained.train_from(predictor, history[name])
            is_last = name not in [part[0] for part in settings["parts"][number + 1 :]]
            if is_last:
                found[name] = predict(predictor, at[name])
    return errors.with_nodes(task, found["now"], found["earlier"])
