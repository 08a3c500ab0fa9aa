"""What the table `series` says of each series, whatever the period."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.encoding import Encoding
from forecaster.errors import BAD_INPUT, ForecastError

if TYPE_CHECKING:
    import pyarrow as pa


def read_statics(
    table: pa.Table,
    ids: np.ndarray,
    roles: dict[str, tuple[str, ...]],
    encoding: Encoding | None,
) -> dict[str, Any]:
    """What `series` says of each series, in the order of `ids`."""
    place = {unique_id: i for i, unique_id in enumerate(table["unique_id"].to_pylist())}
    rows = [place.get(unique_id) for unique_id in ids]

    def column(name: str) -> list[Any]:
        if name not in table.column_names:
            raise ForecastError(
                f"table series has no column '{name}'",
                "restore it and run `forecast build`, or run `forecast train` to learn without it",
                BAD_INPUT,
            )
        values = table[name].to_pylist()
        return [None if row is None else values[row] for row in rows]

    def number(value: Any) -> float:
        if isinstance(value, dt.date):
            return float((value - dt.date(1970, 1, 1)).days)
        return np.nan if value is None else float(value)

    categorical = tuple(encoding.vocabularies) if encoding else roles.get("static_categorical", ())
    numeric = tuple(encoding.numeric) if encoding else roles.get("static_numeric", ())
    return {
        "categories": {name: np.array(column(name), object) for name in categorical},
        "numbers": {
            name: np.array([number(v) for v in column(name)], np.float32) for name in numeric
        },
        "texts": {
            name: np.array(column(name), object)
            for name in roles.get("static_text", ())
            if name in table.column_names
        },
    }
