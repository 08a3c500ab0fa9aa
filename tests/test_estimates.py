from __future__ import annotations

import shutil
from types import SimpleNamespace

import psutil
import pytest

from forecaster import estimates, features, panel_settings, run
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.models.lstm import LSTM
from forecaster.panel import LARGE
from forecaster.work import make_model


def test_large_arrays_count_as_disk_and_small_as_memory():
    periods = LARGE // (4 * 1000)
    need = estimates.needed("big", [(1000, periods, 1), (1000, periods + 1, 1), (10, 10, 2)])
    assert need.memory == estimates.DUCKDB_BYTES + 4 * 1000 * periods + 800
    assert need.disk == 4 * 1000 * (periods + 1)
    assert (need.n_rows, need.n_features) == (1000 * (periods + 1), 4)


@pytest.mark.parametrize(
    ("memory", "disk", "said"), [(1, 1 << 50, "of memory are free"), (1 << 50, 1, "are free in")]
)
def test_what_does_not_fit_is_refused(tmp_path, monkeypatch, memory, disk, said):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=memory))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=disk))
    need = estimates.needed("big", [(30_000, 1969, 20), (30_000, 1969, 2)])
    with pytest.raises(ForecastError, match=said) as found:
        estimates.check(need, tmp_path)
    assert "'big' has 59.1 million rows" in found.value.message
    assert found.value.exit_code == BAD_INPUT


def test_a_panel_too_large_is_refused_before_it_is_read(warehouse, monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1))
    with pytest.raises(ForecastError, match="'small' has"):
        features.read_panel(warehouse, panel_settings.panels(warehouse)[0])


def test_time_is_said_where_it_is_worth_it_and_refused_beyond_the_budget():
    def fitting(epochs: int | None) -> float:
        return 100.0 * (epochs or 12)

    said = estimates.check_time("big", 60_000_000, fitting, None, 12)
    assert said is not None
    assert "about 21.0 min of one core" in said
    assert "1.0 min to read 60.0 million rows, 20.0 min to fit" in said
    assert estimates.check_time("small", 1000, lambda _: 5.0, 60, 12) is None
    with pytest.raises(ForecastError, match="the budget is 10.0 min") as found:
        estimates.check_time("big", 60_000_000, fitting, 600, 12)
    assert found.value.remedy == "give it more time, or --epochs 5, which fits"
    with pytest.raises(ForecastError) as found:
        estimates.check_time("big", 60_000_000, fitting, 120, 12)
    assert "not even one epoch" in found.value.remedy
    with pytest.raises(ForecastError, match="cannot say how long"):
        estimates.check_time("big", 1, lambda _: None, 120, None)


def test_a_fit_takes_no_longer_for_more_periods_and_at_most_its_steps():
    few, many = (LSTM().seconds(n) for n in (1870, 30_490))
    assert few is not None
    assert many is not None
    # measured: 0.09 s a step of 256 series and 0.15 s a pass over 1,870
    assert few == pytest.approx((12 + 4) * 24 * 0.09 + 34 * 0.15, rel=0.1)
    assert few < many < 30_490 / 1870 * few
    assert LSTM().seconds(30_490, epochs=1) < 0.6 * many


def test_a_training_beyond_its_budget_is_refused_before_it_is_read(warehouse, monkeypatch):
    monkeypatch.setattr(LSTM, "seconds", lambda *_: 1000.0)
    with pytest.raises(ForecastError, match="the budget is 5.0 min") as found:
        run.train(warehouse.project, ["small"], settings={"epochs": 1}, budget=300)
    assert found.value.exit_code == BAD_INPUT
    assert warehouse.rows("select 1 from {runs}") == []


@pytest.mark.parametrize("name", ["seasonal_naive", "seasonal_mean", "linear_local", "linear"])
def test_models_without_epochs_can_be_held_to_a_budget_too(name):
    few, many = (make_model(name, {}).seconds(n) for n in (100, 200))
    assert few is not None
    assert 0 < few < many <= 2.1 * few
