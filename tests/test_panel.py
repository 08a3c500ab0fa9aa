from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.encoding import Covariates, Encoding, Scale
from forecaster.errors import ForecastError
from forecaster.panel import allocate
from tests.conftest import make_panel


def everything(panel):
    """All that a model can read of a cut panel."""
    return [
        panel.y,
        panel.y_train,
        panel.stocked_out,
        panel.weight,
        panel.start,
        panel.past[:, :],
        panel.future[:, :],
        panel.static_codes,
        panel.static_numbers,
        panel.is_launched,
    ]


@settings(max_examples=25, deadline=None)
@given(known=st.integers(1, 84), seed=st.integers(0, 100))
def test_a_cut_hides_the_future(known, seed):
    panel = make_panel(seed=seed)
    later = dataclasses.replace(
        panel,
        y=panel.y.copy(),
        y_train=panel.y_train.copy(),
        past_values=panel.past_values.copy(),
        future_values=panel.future_values.copy(),
        weight=panel.weight.copy(),
        start=np.where(panel.start >= known, panel.start + 1, panel.start),
    )
    for values in (later.y, later.y_train, later.past_values, later.weight):
        values[:, known:] = -5
    later.future_values[:, known + panel.horizon :] = -5
    cutoff = panel.ds[known - 1]
    for a, b in zip(everything(panel.at(cutoff)), everything(later.at(cutoff)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_cut_copies_nothing(panel):
    cut = panel.at(panel.ds[40])
    assert np.shares_memory(cut.y, panel.y)
    assert np.shares_memory(cut.future_values, panel.future_values)
    assert cut.future_values.shape[1] == 41 + panel.horizon
    assert cut.cutoff == panel.ds[40]
    assert list(cut.horizon_ds) == list(panel.ds[41:48])


def test_categories_of_later_series_are_unknown(panel):
    panel.categories["category"][-1] = "new"
    cut = panel.at(panel.ds[40])
    assert cut.encoding.vocabularies == {"category": ("jam", "tea")}
    assert cut.static_codes[-1, 0] == 0


def test_covariates_are_scaled_and_unknown_is_the_centre():
    values = np.array([[[2.0, np.nan, np.e - 1]]], np.float32)
    scales = [Scale("standard", 1.0, 2.0), Scale("standard", 5.0, 2.0), Scale("log1p", 0.0, 1.0)]
    scaled = Covariates(values, ["a", "b", "c"], scales)[:, :]
    np.testing.assert_allclose(scaled, [[[0.5, 0.0, 1.0]]], rtol=1e-6)


@pytest.mark.parametrize(
    "scale", [Scale("standard", 3, 2), Scale("log1p", 1, 2), Scale("none", 0, 0)]
)
def test_inverse(scale):
    values = np.array([-3.0, 0.0, 0.5, 100.0])
    np.testing.assert_allclose(scale.invert(scale.transform(values)), values, atol=1e-6)


def test_encoding_round_trip(panel):
    encoding = panel.at(panel.ds[40]).encoding
    assert Encoding.from_json(encoding.to_json()) == encoding


def test_a_feature_that_is_gone_is_named(panel):
    encoding = panel.at(panel.ds[40]).encoding
    poorer = dataclasses.replace(
        panel, future_values=panel.future_values[..., 1:], future_names=("weekday",)
    )
    with pytest.raises(ForecastError, match="is_promoted"):
        _ = poorer.at(panel.ds[40], encoding).future


def test_derived_features_can_be_left_out(panel):
    marked = dataclasses.replace(panel, derived=frozenset({"views"}))
    cut = marked.at(marked.cutoff)
    assert cut.past[:, :].shape[-1] == 1
    assert cut.without_derived().past[:, :].shape[-1] == 0
    np.testing.assert_array_equal(cut.without_derived().future[:, :], cut.future[:, :])


def test_unknown_cutoff(panel):
    with pytest.raises(ForecastError, match="1999-01-01"):
        panel.at(np.datetime64("1999-01-01"))
    with pytest.raises(ForecastError, match="no row"):
        dataclasses.replace(panel, scaling={}).at(panel.cutoff)


def test_large_arrays_lie_on_disk(tmp_path):
    array = allocate((10, 10), tmp_path, large=100)
    assert isinstance(array, np.memmap)
    assert np.isnan(array).all()
    array[0, 0] = 1
    assert array[0, 0] == 1
    assert list(tmp_path.iterdir()) == []


def test_features_left_out_copy_nothing(panel):
    marked = dataclasses.replace(
        panel,
        past_values=np.concatenate([panel.past_values, panel.past_values + 1], axis=-1),
        past_names=("lag", "views"),
        derived=frozenset({"lag"}),
    )
    past = marked.at(marked.cutoff).without_derived().past
    assert np.shares_memory(past.values, marked.past_values)
    assert (past.names, past.shape) == (("views",), (*panel.y.shape, 1))
    plain = panel.at(panel.cutoff).past
    np.testing.assert_allclose(past[:, 3:5], plain[:, 3:5] + 1 / 5, rtol=1e-5)
