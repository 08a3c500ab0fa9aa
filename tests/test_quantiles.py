from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecaster.models.seasonal_mean import SeasonalMean
from forecaster.quantiles import LEVELS, Marginals
from forecaster.seasonal import error_quantiles
from tests.conftest import make_panel

GRID = np.array(LEVELS)


def poisson_cdf(mean: float, last: int = 60) -> np.ndarray:
    k = np.arange(1, last)
    return np.cumsum(np.exp(-mean + np.append(0.0, k * np.log(mean) - np.cumsum(np.log(k)))))


def jittered_quantiles(cdf: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Of y + U: the distribution function is linear between whole numbers."""
    return np.interp(levels, np.append(0.0, cdf), np.arange(len(cdf) + 1))


@pytest.mark.parametrize("mean", [0.1, 1.0, 4.3, 20.0])
def test_the_quantile_of_a_count_is_exact(mean):
    cdf, levels = poisson_cdf(mean), np.array([0.05, 0.3, 0.5, 0.9, 0.975])
    values = jittered_quantiles(cdf, levels)[None, None]
    found = Marginals(levels, values, is_count=True, is_signed=False).at(levels)[0, 0]
    expected = [int(np.searchsorted(cdf, level)) for level in levels]
    assert list(found) == expected


def test_levels_between_those_of_the_grid_are_interpolated_and_tails_go_on():
    """To zero on the left; on the right a half of what is above lies one more step ahead."""
    values = np.array([[[1.0, 2.0, 4.0]]])
    found = Marginals(np.array([0.1, 0.6, 0.8]), values, is_count=False, is_signed=False)
    levels = np.array([0.05, 0.1, 0.35, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(found.quantiles(levels)[0, 0], [0.5, 1, 1.5, 3, 4, 6], rtol=1e-6)


def test_real_demand_keeps_its_fractions_and_its_sign():
    levels, values = np.array([0.1, 0.9]), np.array([[[-1.5, 2.5]]])
    assert list(Marginals(levels, values, False, True).at(levels)[0, 0]) == [-1.5, 2.5]
    assert list(Marginals(levels, values, False, False).at(levels)[0, 0]) == [0.0, 2.5]


def test_scaling_changes_the_mean_of_a_count_by_the_factor():
    marginals = Marginals(GRID, jittered_quantiles(poisson_cdf(6.0), GRID)[None, None], True, False)
    middle = np.linspace(0.005, 0.995, 4001)
    mean = marginals.quantiles(middle).mean() - 0.5
    scaled = marginals.scaled(np.array([[1.5]]))
    assert scaled.quantiles(middle).mean() - 0.5 == pytest.approx(1.5 * mean)


def test_a_panel_is_of_counts_as_far_as_it_is_known():
    panel = make_panel()
    panel.y[3, 50] = 2.5
    assert not panel.is_count
    assert panel.at(panel.ds[49]).is_count
    assert not make_panel(signed=True).is_count
    assert not dataclasses.replace(make_panel(), y=make_panel().y - 1).is_count


def test_a_series_that_never_sells_has_no_demand_at_any_quantile():
    panel = make_panel()
    cut = panel.at(panel.cutoff)
    model = SeasonalMean()
    model.fit(cut, None)
    assert (model.predict(cut).quantiles[1] == 0).all()


def test_errors_of_counts_are_those_of_y_plus_u():
    """All errors of a constant series are U − 1/2, whatever its size."""
    levels = np.array([0.1, 0.5, 0.9])
    spread, scale = error_quantiles(np.full((4, 200), 3.0), 7, 4, 28, levels, is_count=True)
    np.testing.assert_allclose(
        (spread * scale[:, None, None])[0], np.broadcast_to(levels - 0.5, (4, 3)), atol=0.05
    )
