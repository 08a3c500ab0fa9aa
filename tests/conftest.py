"""What the tests share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

os.environ.pop("FORECAST_WAREHOUSE", None)
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import duckdb
import numpy as np
import pytest

from forecaster.encoding import Scale
from forecaster.panel import Panel
from forecaster.project import Project
from forecaster.warehouse import Warehouse


def make_panel(
    n_series: int = 12,
    n_periods: int = 84,
    horizon: int = 7,
    season_length: int = 7,
    signed: bool = False,
    seed: int = 0,
) -> Panel:
    """A small shop: a weekly season, promotions that double demand, late and empty series."""
    rng = np.random.default_rng(seed)
    total = n_periods + horizon
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(total) / season_length)
    promoted = (rng.random((n_series, total)) < 0.1).astype(np.float32)
    level = rng.uniform(1, 20, n_series)
    mean = level[:, None] * season * (1 + promoted)
    y = rng.poisson(mean).astype(np.float32)[:, :n_periods]
    if signed:
        y = y - mean[:, :n_periods].astype(np.float32)
    start = np.zeros(n_series, np.int64)
    if n_series > 2:
        start[-2:] = n_periods // 2, n_periods - 3
    y[np.arange(n_periods) < start[:, None]] = np.nan
    ds = np.datetime64("2024-01-01") + np.arange(total)
    y_train = y.copy()
    stocked_out = np.zeros_like(y)
    if n_series > 2:
        y_train[0, 20:25] = np.nan
        stocked_out[0, 20:25] = 1
        y_train[1] = np.where(np.isfinite(y[1]), 0, np.nan)
        y[1] = y_train[1]
    scales = {
        "y": Scale("standard", float(np.nanmean(y)), float(np.nanstd(y))),
        "is_promoted": Scale("none", 0.0, 1.0),
        "weekday": Scale("standard", 3.0, 2.0),
        "views": Scale("standard", 10.0, 5.0),
        "volume": Scale("standard", 1.0, 0.5),
    }
    weekday = np.broadcast_to(np.arange(total) % 7, (n_series, total)).astype(np.float32)
    return Panel(
        name="small",
        frequency="day",
        horizon=horizon,
        season_length=season_length,
        is_signed=signed,
        unique_ids=np.array([f"item {i}/é" for i in range(n_series)], object),
        ds=ds,
        start=start,
        y=y,
        y_train=y_train,
        stocked_out=stocked_out,
        weight=np.nan_to_num(y) * 2,
        past_values=rng.poisson(10, (n_series, n_periods, 1)).astype(np.float32),
        past_names=("views",),
        future_values=np.stack([promoted, weekday], axis=-1),
        future_names=("is_promoted", "weekday"),
        categories={"category": np.array([["tea", "jam"][i % 2] for i in range(n_series)], object)},
        numbers={"volume": rng.uniform(0.5, 2, n_series).astype(np.float32)},
        texts={},
        scaling={day: scales for day in ds[:n_periods]},
    )


def execute(warehouse: Warehouse, sql: str) -> None:
    """Change the warehouse as somebody with a SQL prompt would."""
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(sql)


@pytest.fixture
def panel() -> Panel:
    """A small panel, uncut."""
    return make_panel()


@pytest.fixture(scope="session")
def boundary(tmp_path_factory) -> Path:
    """A folder with a dbt project of hand-written features, built once; tests get copies of it."""
    from tests.boundary import write_features, write_project

    folder = tmp_path_factory.mktemp("boundary")
    write_project(folder)
    write_features(folder / "warehouse.duckdb", make_panel())
    before = Path.cwd()
    os.chdir(folder)
    try:
        project = Project()
        project.build()
        project.compiled("score_run")
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def shop(boundary, tmp_path, monkeypatch) -> Project:
    """A copy of the project, in the working directory."""
    folder = tmp_path / "shop"
    shutil.copytree(boundary, folder)
    monkeypatch.chdir(folder)
    return Project()


@pytest.fixture
def warehouse(shop) -> Warehouse:
    """The shop's warehouse."""
    return Warehouse(shop)


@pytest.fixture
def without_marts(monkeypatch) -> None:
    """What is written in this process is not followed by a `dbt build` of marts nobody looks at."""
    monkeypatch.setattr(Project, "refresh_marts", lambda _: 0)
