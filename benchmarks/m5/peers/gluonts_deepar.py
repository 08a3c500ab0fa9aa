"""DeepAR of GluonTS (PyTorch): a negative binomial, scaled by each series' mean, by sampled paths.

Covariates and static features as the other networks' (`peers/networks.py`); lags up to four weeks.
"""

from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from gluonts.dataset.common import ListDataset
from gluonts.torch.distributions import NegativeBinomialOutput
from gluonts.torch.model.deepar import DeepAREstimator
from peers.networks import FUTURE, known, quiet
from task import QUANTILES, Task

DEFAULTS = {"epochs": 4, "batches": 50, "batch_size": 128, "samples": 50, "lr": 3e-3}
CATEGORIES = ["store_id", "dept_id"]


def dataset(task: Task, rows: pd.DataFrame, with_future: bool) -> ListDataset:
    """One entry a series: demand from the first sale on, covariates to the end of the horizon."""
    places = task.series.set_index("unique_id")[CATEGORIES]
    codes = places.apply(lambda of: of.astype("category").cat.codes)
    covariates = known(task, rows).sort_values(["unique_id", "ds"])
    demand = {name: of["y"].to_numpy() for name, of in task.history.groupby("unique_id")}
    entries = []
    for name, of in covariates.groupby("unique_id"):
        length = len(demand[name]) + (task.horizon if with_future else 0)
        entries.append(
            {
                "item_id": name,
                "start": of["ds"].iloc[0],
                "target": demand[name],
                "feat_static_cat": codes.loc[name].to_numpy(),
                "feat_dynamic_real": of[FUTURE].to_numpy()[:length].T,
            }
        )
    return ListDataset(entries, freq="D")


def forecast(task: Task) -> pd.DataFrame:
    with TemporaryDirectory() as checkpoints:
        return forecast_in(task, checkpoints)


def forecast_in(task: Task, checkpoints: str) -> pd.DataFrame:
    quiet()
    torch.manual_seed(1)
    settings = {**DEFAULTS, **task.settings}
    estimator = DeepAREstimator(
        freq="D",
        prediction_length=task.horizon,
        context_length=task.horizon,
        num_layers=1,
        hidden_size=64,
        lr=settings["lr"],
        dropout_rate=0.0,
        num_feat_dynamic_real=len(FUTURE),
        num_feat_static_cat=len(CATEGORIES),
        cardinality=[task.series[name].nunique() for name in CATEGORIES],
        distr_output=NegativeBinomialOutput(),
        lags_seq=[1, 2, 3, 7, 14, 21, 28],
        time_features=[],
        num_parallel_samples=settings["samples"],
        batch_size=settings["batch_size"],
        num_batches_per_epoch=settings["batches"],
        trainer_kwargs={
            "max_epochs": settings["epochs"], "accelerator": "cpu", "enable_progress_bar": False,
            "enable_model_summary": False, "logger": False,
            "default_root_dir": checkpoints,
        },
    )  # fmt: skip
    predictor = estimator.train(dataset(task, task.history, with_future=False))
    everything = pd.concat([task.history, task.future])
    paths = list(predictor.predict(dataset(task, everything, with_future=True)))
    samples = np.stack([of.samples for of in paths])
    unique_ids = pd.Index([of.item_id for of in paths])
    quantiles = np.quantile(samples, QUANTILES, axis=1).transpose(1, 2, 0)
    return task.long(samples.mean(axis=1), unique_ids, quantiles)
