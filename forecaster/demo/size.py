"""How large a shop to simulate, and the dates it spans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HISTORY_END = np.datetime64("2025-06-30")
"""The last complete day. The day after it has only its morning."""

FUTURE_DAYS = 92
"""Days simulated after the history: plans reach there, and the truth of the live forecast does."""


@dataclass(frozen=True)
class Size:
    """Counts that make a shop; `is_aggregated` shops export daily totals, not order lines."""

    name: str
    n_items: int
    n_locations: int
    n_days: int
    n_customers: int
    is_aggregated: bool = False
    chunk_items: int = 150

    @property
    def dates(self) -> np.ndarray:
        """Every simulated day, history then future, `(days,)` of datetime64[D]."""
        first = HISTORY_END - np.timedelta64(self.n_days - 1, "D")
        return first + np.arange(self.n_days + FUTURE_DAYS)


SIZES = {
    size.name: size
    for size in (
        Size("tiny", n_items=8, n_locations=2, n_days=330, n_customers=60),
        Size("default", n_items=40, n_locations=3, n_days=760, n_customers=400),
        Size("large", n_items=3000, n_locations=10, n_days=1941, n_customers=0, is_aggregated=True),
    )
}


def get_size(name: str) -> Size:
    """The size called `name`; raises ValueError that lists the sizes there are."""
    if name not in SIZES:
        raise ValueError(f"There is no demo size {name!r}; choose one of {', '.join(SIZES)}.")
    return SIZES[name]
