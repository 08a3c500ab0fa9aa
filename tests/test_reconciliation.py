from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster import reconciliation
from forecaster.reconciliation import Membership, Weights, learn_weights, reconciled


def shop() -> Membership:
    """Four series in two categories of two, and their total."""
    nodes, members = np.array([0, 0, 0, 0, 1, 1, 2, 2]), np.array([0, 1, 2, 3, 0, 1, 2, 3])
    levels = np.array(["total", "category", "category"], object)
    return Membership.of(nodes, members, (3, 4), levels)


def trusting(factor: float = 1e-9) -> Weights:
    """Nodes whose forecasts are as good as certain."""
    return Weights(np.full(3, factor), 2.0, ())


SERIES = np.array([[4.0, 4.0], [6.0, 6.0], [1.0, 1.0], [9.0, 9.0]])


def test_certain_nodes_are_met_and_series_move_in_proportion_to_their_means():
    nodes = np.array([[30.0, 30.0], [20.0, 15.0], [10.0, 15.0]])
    moved = reconciled(shop(), trusting(), SERIES, nodes, False)
    np.testing.assert_allclose(shop().sums(moved), nodes, rtol=1e-4)
    np.testing.assert_allclose(moved[0] / moved[1], 4 / 6, rtol=1e-4)


def test_the_solution_is_that_of_generalised_least_squares():
    """b = (V⁻¹ + S' W⁻¹ S)⁻¹ (V⁻¹ b̂ + S' W⁻¹ â), written out densely."""
    rng = np.random.default_rng(1)
    nodes = rng.uniform(5, 30, (3, 2))
    weights = Weights(np.array([0.5, 0.2, 0.3]), 2.0, ())
    s = shop().members.toarray()
    v = np.diag(1 / (2.0 * SERIES.mean(1)))
    w = np.diag(1 / (weights.node_factor * nodes.mean(1) ** 1.5))
    expected = np.linalg.solve(v + s.T @ w @ s, v @ SERIES + s.T @ w @ nodes)
    moved = reconciled(shop(), weights, SERIES, nodes, True)
    np.testing.assert_allclose(moved, expected, rtol=1e-8)


def test_conjugate_gradients_agree_with_the_dense_solution(monkeypatch):
    nodes = np.array([[30.0, 25.0], [20.0, 15.0], [12.0, 9.0]])
    weights = Weights(np.array([0.5, 0.2, 0.3]), 2.0, ())
    dense = reconciled(shop(), weights, SERIES, nodes, False)
    monkeypatch.setattr(reconciliation, "DENSE", 0)
    np.testing.assert_allclose(reconciled(shop(), weights, SERIES, nodes, False), dense, rtol=1e-5)


def test_a_level_is_used_where_its_nodes_were_nearer_than_the_sums():
    actual = np.array([[5.0, 5.0], [7.0, 7.0], [2.0, 2.0], [10.0, 10.0]])
    nodes = np.array([[24.5, 24.0], [3.0, 3.0], [30.0, 30.0]])  # total well, categories badly
    weights = learn_weights(shop(), SERIES, nodes, actual)
    by_level = {verdict.level: verdict for verdict in weights.verdicts}
    assert by_level["total"].is_used
    assert not by_level["category"].is_used
    assert by_level["total"].error_of_sums == pytest.approx(2 * 4**2 / (2 * 24**2))
    np.testing.assert_array_equal(np.isfinite(weights.node_factor), [True, False, False])
    moved = reconciled(shop(), weights, SERIES, nodes, False)
    assert abs(moved[:, 0].sum() - 24.5) < abs(SERIES[:, 0].sum() - 24.5)


def test_nodes_that_never_helped_change_nothing():
    actual = SERIES
    weights = learn_weights(shop(), SERIES, np.full((3, 2), 99.0), actual)
    assert not weights.is_used
    assert reconciled(shop(), weights, SERIES, np.full((3, 2), 99.0), False) is SERIES


def test_a_series_that_no_longer_sells_stays_at_zero():
    series = SERIES.copy()
    series[2] = 0
    moved = reconciled(
        shop(), trusting(), series, np.array([[40.0] * 2, [20.0] * 2, [20.0] * 2]), False
    )
    np.testing.assert_array_equal(moved[2], 0)


def test_one_child_takes_all_of_its_parent():
    only = Membership.of(np.array([0]), np.array([0]), (1, 1), np.array(["total"], object))
    moved = reconciled(
        only, Weights(np.array([1e-9]), 2.0, ()), np.array([[4.0]]), np.array([[6.0]]), False
    )
    np.testing.assert_allclose(moved, [[6.0]], rtol=1e-4)


DEMAND = st.lists(st.floats(0, 1e4), min_size=4, max_size=4)
FACTORS = st.lists(st.floats(1e-6, 10), min_size=3, max_size=3)


@settings(max_examples=50, deadline=None)
@given(DEMAND, FACTORS, st.booleans())
def test_what_agrees_already_stays_as_it_is(series, factors, is_signed):
    own = np.array(series)[:, None]
    weights = Weights(np.array(factors), 2.0, ())
    moved = reconciled(shop(), weights, own, shop().sums(own), is_signed)
    np.testing.assert_allclose(moved, own, rtol=1e-9, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(DEMAND.map(lambda values: [value + 0.1 for value in values]), DEMAND)
def test_sums_that_are_certain_hold(series, other):
    """Nodes that add up among themselves are met to the last of the trust put in them."""
    own, nodes = np.array(series)[:, None], shop().sums(np.array(other)[:, None])
    moved = reconciled(shop(), trusting(1e-12), own, nodes, True)
    np.testing.assert_allclose(shop().sums(moved), nodes, rtol=1e-3, atol=1e-2)


@settings(max_examples=50, deadline=None)
@given(DEMAND, FACTORS, st.lists(st.floats(0, 1e4), min_size=3, max_size=3))
def test_never_further_from_the_nodes_than_before(series, factors, nodes):
    """In the distance that is minimised no other forecast of the series is nearer to all."""
    own, wanted = np.array(series)[:, None] + 0.1, np.array(nodes)[:, None]
    weights = Weights(np.array(factors), 2.0, ())
    moved = reconciled(shop(), weights, own, wanted, True)
    variance = weights.node_factor * np.maximum(wanted.mean(1), 1e-9) ** 1.5

    def distance(values: np.ndarray) -> float:
        return float(((shop().sums(values) - wanted)[:, 0] ** 2 / (variance + 1e-9)).sum())

    assert distance(moved) <= distance(own) * (1 + 1e-6) + 1e-6


@settings(max_examples=50, deadline=None)
@given(DEMAND, st.lists(st.floats(0, 1e4), min_size=3, max_size=3))
def test_never_negative_and_never_undefined(series, nodes):
    weights = Weights(np.array([0.5, 0.2, 0.3]), 2.0, ())
    moved = reconciled(shop(), weights, np.array(series)[:, None], np.array(nodes)[:, None], False)
    assert np.isfinite(moved).all()
    assert (moved >= 0).all()
