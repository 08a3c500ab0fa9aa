"""What a panel takes, known before it is read: memory, disk for large arrays, and time."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from forecaster import panel as panels
from forecaster.errors import BAD_INPUT, ForecastError

DUCKDB_BYTES = 2 << 30
"""What DuckDB may take while it reads; more would only be a cache of what is read once."""

GB = 1e9

SECONDS_A_ROW = 1e-6
"""Of one core, to read a row and take its fingerprint: 12.9 s for 13.2 million rows of 35 features
(x86-64, 2026)."""

WORTH_SAYING = 60.0
"""Seconds below which nothing is said of the time."""


@dataclasses.dataclass(frozen=True)
class Need:
    """Bytes in memory, and bytes in files beside the warehouse for arrays above `panel.LARGE`."""

    panel_name: str
    n_rows: int
    n_features: int
    memory: int
    disk: int

    @property
    def is_large(self) -> bool:
        """Whether anything lies on disk."""
        return self.disk > 0

    def __str__(self) -> str:
        return (
            f"panel '{self.panel_name}' has {self.n_rows / 1e6:,.1f} million rows of series and "
            f"periods with {self.n_features} features: {self.memory / GB:.1f} GB of memory to read "
            f"it, {self.disk / GB:.1f} GB of disk beside the warehouse while it is in use"
        )


def needed(panel_name: str, shapes: Sequence[tuple[int, int, int]]) -> Need:
    """What float32 arrays (series, periods, features) of these shapes take, and reading them."""
    sizes = [4 * math.prod(shape) for shape in shapes]
    return Need(
        panel_name,
        n_rows=max((shape[0] * shape[1] for shape in shapes), default=0),
        n_features=sum(shape[2] for shape in shapes),
        memory=DUCKDB_BYTES + sum(size for size in sizes if size <= panels.LARGE),
        disk=sum(size for size in sizes if size > panels.LARGE),
    )


def check(need: Need, folder: Path) -> None:
    """Raises where memory or the disk of `folder` is too small, before anything is read."""
    free_memory, free_disk = psutil.virtual_memory().available, shutil.disk_usage(folder).free
    if need.disk > free_disk:
        raise ForecastError(
            f"{need}, of which {free_disk / GB:.1f} GB are free in {folder}",
            "free room there or move the warehouse to a larger disk; fewer features or a later "
            "first period in the demand that is mapped make the panel smaller",
            BAD_INPUT,
        )
    if need.memory > free_memory:
        raise ForecastError(
            f"{need}, and {free_memory / GB:.1f} GB of memory are free",
            "end what else uses the memory, or train on a machine that has more",
            BAD_INPUT,
        )


def check_time(
    panel_name: str,
    n_rows: int,
    fitting: Callable[[int | None], float | None],
    budget: float | None,
    most_epochs: int | None,
) -> str | None:
    """What is to be said of the time that a training will take, if anything.

    `fitting` gives the processor seconds of the fit for a number of epochs, by default those of the
    settings; None where a model cannot say. Raises where reading and fitting take more than
    `budget` seconds of one core, with what would fit.
    """
    reading = n_rows * SECONDS_A_ROW
    fit = fitting(None)
    if fit is None:
        if budget is not None:
            raise ForecastError(
                f"panel '{panel_name}': this model cannot say how long its training takes, so that "
                "it cannot be held to a budget",
                "leave out --budget",
                BAD_INPUT,
            )
        return None
    said = (
        f"panel '{panel_name}': about {_minutes(reading + fit)} of one core, as fast as that on "
        f"which it was measured: {_minutes(reading)} to read {n_rows / 1e6:,.1f} million rows, "
        f"{_minutes(fit)} to fit"
    )
    if budget is not None and reading + fit > budget:
        fits = [n for n in range(1, most_epochs or 1) if reading + (fitting(n) or 0) <= budget]
        raise ForecastError(
            f"{said}; the budget is {_minutes(budget)}",
            f"give it more time, or --epochs {fits[-1]}, which fits"
            if fits
            else "give it more time" + (": not even one epoch fits" if most_epochs else ""),
            BAD_INPUT,
        )
    return said if reading + fit >= WORTH_SAYING else None


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= WORTH_SAYING else f"{seconds:.0f} s"
