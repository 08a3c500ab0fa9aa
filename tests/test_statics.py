from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from forecaster.errors import ForecastError
from forecaster.statics import read_statics

TABLE = pa.table(
    {
        "unique_id": ["b", "a"],
        "category": ["tea", None],
        "launched_on": [dt.date(1970, 1, 3), None],
        "volume": [0.5, 2.0],
        "description": ["green", "strawberry"],
    }
)
ROLES = {
    "static_categorical": ("category",),
    "static_numeric": ("launched_on", "volume"),
    "static_text": ("description",),
}
IDS = np.array(["a", "b", "new"], object)


def test_values_stand_in_the_order_of_the_ids_and_dates_are_days():
    found = read_statics(TABLE, IDS, ROLES, None)
    assert list(found["categories"]["category"]) == [None, "tea", None]
    np.testing.assert_array_equal(found["numbers"]["launched_on"], [np.nan, 2, np.nan])
    np.testing.assert_array_equal(found["numbers"]["volume"], [2, 0.5, np.nan])
    assert list(found["texts"]["description"]) == ["strawberry", "green", None]


def test_a_column_that_is_gone_is_named():
    with pytest.raises(ForecastError, match="series has no column 'volume'"):
        read_statics(TABLE.drop_columns("volume"), IDS, ROLES, None)
