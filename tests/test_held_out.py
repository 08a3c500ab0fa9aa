from __future__ import annotations

import numpy as np

from forecaster import held_out
from forecaster.held_out import held_out_forecasts, known
from forecaster.quantiles import LEVELS, Marginals
from tests.conftest import make_panel


def zeros(cut) -> tuple[np.ndarray, Marginals]:
    mean = np.zeros((cut.n_series, cut.horizon), np.float32)
    values = np.zeros((*mean.shape, len(LEVELS)), np.float32)
    return mean, Marginals(np.array(LEVELS), values, cut.is_count, cut.is_signed)


def test_each_origin_is_beside_what_came_after_it_up_to_the_cutoff():
    """Series 0 is out of stock for five days; the last begins three days before the cutoff."""
    panel = make_panel(n_periods=26)
    early = panel.at(panel.ds[panel.n_periods - 1 - panel.horizon])
    found = held_out_forecasts(panel, early, zeros)
    assert [one.origin for one in found] == [19, 20, 22, 24]
    for one in found:
        left = 26 - one.origin
        np.testing.assert_array_equal(one.actual[2, :left], panel.y[2, one.origin :])
        assert np.isnan(one.actual[:, left:]).all()
        assert np.isnan(one.actual[0, : max(25 - one.origin, 0)]).all() or one.origin < 20
        assert np.isfinite(one.actual[-1]).any() == one.launched[-1] == (one.origin > 23)
    assert list(found[0].periods) == list(range(19, 26))


def test_many_series_are_forecast_from_fewer_origins(monkeypatch):
    panel = make_panel(n_periods=26)
    early = panel.at(panel.ds[panel.n_periods - 1 - panel.horizon])
    monkeypatch.setattr(held_out, "MOST_FORECASTS", 2 * panel.n_series)
    assert [one.origin for one in held_out_forecasts(panel, early, zeros)] == [19, 22]
    monkeypatch.setattr(held_out, "MOST_FORECASTS", 1)
    assert [one.origin for one in held_out_forecasts(panel, early, zeros)] == [19]


def test_values_of_what_is_known_stay_together():
    panel = make_panel()
    early = panel.at(panel.ds[panel.n_periods - 1 - panel.horizon])
    found = held_out_forecasts(panel, early, zeros)
    demand = known(found, [one.actual for one in found])
    periods = known(found, [one.periods for one in found])
    series = known(found, [np.arange(panel.n_series)[:, None] for _ in found])
    np.testing.assert_array_equal(demand, panel.y[series, periods])
    later = [one.where(one.periods > 80).of_series(np.array([3, 4])) for one in found]
    assert set(known(later, [one.periods for one in later])) == {81, 82, 83}
