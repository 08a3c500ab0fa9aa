"""What a panel's arrays take, known before they are read: memory, and disk for large ones."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import psutil

from forecaster import panel as panels
from forecaster.errors import BAD_INPUT, ForecastError

DUCKDB_BYTES = 2 << 30
"""What DuckDB may take while it reads; more would only be a cache of what is read once."""

GB = 1e9


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
