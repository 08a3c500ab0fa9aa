from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecaster.sample import sample


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 5))
def test_so_many_rows_in_their_order_the_same_for_a_seed(n, most, seed):
    rows = np.arange(n) * 3
    found = sample(rows, most, seed)
    assert len(found) == min(n, most)
    assert (np.diff(found) > 0).all()
    assert set(found) <= set(rows)
    np.testing.assert_array_equal(found, sample(rows, most, seed))


def test_every_place_is_seen_where_rows_come_item_by_item():
    rows = sample(np.arange(1000), 100, 1)
    assert set(rows % 10) == set(range(10))
