from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest

from forecaster import panel_settings, run, warehouse_file
from forecaster.errors import BAD_INPUT, LOCKED, ForecastError

HOLD = """
import duckdb, time
connection = duckdb.connect("warehouse.duckdb")
print("open", flush=True)
time.sleep({})
"""


def test_locked_by_another_process(warehouse, monkeypatch):
    monkeypatch.setattr("forecaster.warehouse.PATIENCE", 0.1)
    command = [sys.executable, "-c", HOLD.format(60)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(ForecastError, match=f"process {holder.pid}") as error:
            run.train(warehouse.project, model="seasonal_naive")
        assert error.value.exit_code == LOCKED
    finally:
        holder.kill()
        holder.wait()


def test_a_short_lock_is_waited_for(warehouse):
    command = [sys.executable, "-c", HOLD.format(1)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "open\n"
        assert panel_settings.panels(warehouse)[0].panel_name == "small"


def test_missing_and_damaged_files(warehouse):
    warehouse.path.write_bytes(b"not a database" * 1000)
    with pytest.raises(ForecastError, match="is not a DuckDB file, or is damaged") as error:
        panel_settings.panels(warehouse)
    assert error.value.exit_code == BAD_INPUT
    warehouse.path.unlink()
    with pytest.raises(ForecastError, match="there is no warehouse"):
        panel_settings.panels(warehouse)


@pytest.mark.parametrize("name", ["system.duckdb", "temp.duckdb"])
def test_a_name_that_duckdb_keeps_for_itself(name, tmp_path):
    with pytest.raises(ForecastError, match="keeps for itself"):
        warehouse_file.check(tmp_path / name)


def test_a_full_disk(warehouse):
    full = duckdb.IOException('Could not write file "w.wal": No space left on device')
    with (
        pytest.raises(ForecastError, match="the disk of the warehouse .* is full") as error,
        warehouse.connect(),
    ):
        raise full
    assert "free space" in error.value.remedy
