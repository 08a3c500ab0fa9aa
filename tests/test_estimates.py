from __future__ import annotations

import shutil
from types import SimpleNamespace

import psutil
import pytest

from forecaster import estimates, features, panel_settings
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.panel import LARGE


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
