"""What a peer is given: one cutoff of the benchmark, and the data as it was known then.

Every frame ends at the cutoff, except the covariates known in advance (`future`, `calendar`).
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

HORIZON = 28
QUANTILES = (0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95)
COLUMNS = [f"q{round(100 * level):02d}" for level in QUANTILES]
BOTTOM = 12
KNOWN = ["price", "relative_price", "price_change", "is_snap"]
"""The covariates of a series known in advance; events are `calendar`'s."""


@dataclass(frozen=True)
class Task:
    """Forecast the `horizon` days after `cutoff`. `settings` are the peer's own."""

    folder: Path
    cutoff: pd.Timestamp
    horizon: int = HORIZON
    settings: dict = field(default_factory=dict)

    def at(self, cutoff: pd.Timestamp) -> "Task":
        """The same at an earlier cutoff, for a peer that learns from its own past errors."""
        if cutoff > self.cutoff:
            raise ValueError(f"{cutoff.date()} is later than the cutoff {self.cutoff.date()}")
        return Task(self.folder, cutoff, self.horizon, self.settings)

    @property
    def days(self) -> pd.DatetimeIndex:
        """The days to forecast."""
        return pd.date_range(self.cutoff, periods=self.horizon + 1)[1:]

    @cached_property
    def history(self) -> pd.DataFrame:
        """unique_id, ds, y and `KNOWN`, by series from its first sale to the cutoff."""
        rows = self._read("panel", [("ds", "<=", self.cutoff)], ["unique_id", "ds", "y", *KNOWN])
        return rows.astype({"y": "float32"})

    @cached_property
    def future(self) -> pd.DataFrame:
        """unique_id, ds and `KNOWN` of the days to forecast, of the series that have a history."""
        window = [("ds", ">", self.cutoff), ("ds", "<=", self.days[-1])]
        rows = self._read("panel", window, ["unique_id", "ds", *KNOWN])
        return rows[rows["unique_id"].isin(self.history["unique_id"].unique())]

    @cached_property
    def series(self) -> pd.DataFrame:
        """unique_id, item_id, dept_id, cat_id, store_id, state_id."""
        return self._read("series")

    @cached_property
    def calendar(self) -> pd.DataFrame:
        """ds, day_number, event, event_type, second_event, snap_ca, snap_tx, snap_wi."""
        return self._read("calendar")

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """level, node_id, ds, y of the nodes of levels 1 to 9, up to the cutoff."""
        return self._read("nodes", [("ds", "<=", self.cutoff)])

    @cached_property
    def hierarchy(self) -> pd.DataFrame:
        """level, node_id, unique_id."""
        return self._read("hierarchy")

    def wide(self) -> pd.DataFrame:
        """Demand by series (rows) and day (columns); NaN before the first sale."""
        return self.history.pivot(index="unique_id", columns="ds", values="y")

    def long(self, yhat: np.ndarray, unique_ids: pd.Index, quantiles: np.ndarray | None = None):
        """Forecasts as rows. yhat: (series, horizon); quantiles: (series, horizon, levels)."""
        rows = pd.DataFrame(
            {
                "level": BOTTOM,
                "node_id": np.repeat(np.asarray(unique_ids), self.horizon),
                "ds": np.tile(self.days, len(unique_ids)),
                "yhat": yhat.reshape(-1),
            }
        )
        if quantiles is not None:
            rows[COLUMNS] = np.maximum.accumulate(quantiles, axis=2).reshape(-1, len(COLUMNS))
        return rows

    def _read(self, name: str, filters=None, columns=None) -> pd.DataFrame:
        if filters:
            filters = [(column, sign, day.date()) for column, sign, day in filters]
        rows = pd.read_parquet(self.folder / f"{name}.parquet", filters=filters, columns=columns)
        return rows.astype({"ds": "datetime64[ns]"}) if "ds" in rows else rows
