from __future__ import annotations

import subprocess
import sys

import duckdb
import numpy as np
import pytest

from forecaster import features, run, warehouse_file
from forecaster.errors import BAD_INPUT, LOCKED, ForecastError
from forecaster.warehouse import Warehouse
from tests.conftest import make_panel

HOLD = """
import duckdb, time
connection = duckdb.connect("warehouse.duckdb")
print("open", flush=True)
time.sleep({})
"""


def execute(warehouse: Warehouse, sql: str) -> None:
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(sql)


def test_the_panel_comes_back_as_it_was_written(warehouse):
    expected = make_panel()
    panel = features.read_panel(warehouse, features.panels(warehouse)[0])
    order = [list(expected.unique_ids).index(unique_id) for unique_id in panel.unique_ids]
    assert (panel.horizon, panel.season_length, panel.is_signed) == (7, 7, False)
    np.testing.assert_array_equal(panel.ds, expected.ds)
    np.testing.assert_array_equal(panel.start, expected.start[order])
    for name in ("y", "y_train", "past_values"):
        begun = np.arange(panel.n_periods) >= panel.start[:, None]
        found, wanted = getattr(panel, name)[begun], getattr(expected, name)[order][begun]
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(panel.stocked_out, expected.stocked_out[order])
    begun = np.arange(len(panel.ds)) >= panel.start[:, None]
    np.testing.assert_array_equal(panel.future_values[begun], expected.future_values[order][begun])
    assert list(panel.categories["category"]) == list(expected.categories["category"][order])
    assert panel.at(panel.cutoff).encoding.target == expected.scaling[expected.cutoff]["y"]


def test_the_fingerprint_follows_the_features_not_their_order(warehouse):
    first = features.fingerprint(warehouse, "small")
    table = "dev_features.panel_extended"
    execute(warehouse, f"create or replace table {table} as from {table} order by hash(ds)")
    assert features.fingerprint(warehouse, "small") == first
    execute(warehouse, f"update {table} set is_promoted = 1 - is_promoted where period_index = 3")
    assert features.fingerprint(warehouse, "small") != first


def test_unknown_panel(warehouse):
    with pytest.raises(ForecastError, match="no panel 'big'") as error:
        features.panels(warehouse, ["big"])
    assert error.value.remedy.startswith("use one of small; ")


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
        assert features.panels(warehouse)[0].panel_name == "small"


def test_panels_of_nodes_come_before_their_parents(warehouse):
    with warehouse.connect(write=True) as connection:
        settings = warehouse.project.relation("settings")
        connection.execute(
            f"insert into {settings} select * replace ('sums' as panel_name, 'small' as nodes_of) "
            f"from {settings}"
        )
    assert [(p.panel_name, p.nodes_of) for p in features.panels(warehouse)] == [
        ("sums", "small"),
        ("small", None),
    ]
    assert [p.panel_name for p in features.panels(warehouse, ["small", "sums"])] == [
        "small",
        "sums",
    ]


def test_missing_and_damaged_files(warehouse):
    warehouse.path.write_bytes(b"not a database" * 1000)
    with pytest.raises(ForecastError, match="is not a DuckDB file, or is damaged") as error:
        features.panels(warehouse)
    assert error.value.exit_code == BAD_INPUT
    warehouse.path.unlink()
    with pytest.raises(ForecastError, match="there is no warehouse"):
        features.panels(warehouse)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("alter table {} drop column yhat_lower", "column yhat_lower is missing"),
        ("alter table {} alter yhat type varchar", "column yhat is VARCHAR, not DOUBLE"),
        ("alter table {} add column note varchar", "column note is not in its contract"),
        ("drop table {}", "missing"),
    ],
)
def test_tables_altered_by_hand_are_refused(warehouse, change, message):
    execute(warehouse, change.format("dev_forecasts.predictions"))
    with pytest.raises(ForecastError, match=message) as error:
        run.train(warehouse.project, model="seasonal_naive")
    assert "predictions" in error.value.message
    assert error.value.exit_code == BAD_INPUT
    assert warehouse.rows("select * from {runs}") == []


def test_a_missing_feature_table_is_named(warehouse):
    execute(warehouse, "drop table dev_features.scaling")
    with pytest.raises(ForecastError, match="scaling") as error:
        run.train(warehouse.project, model="seasonal_naive")
    assert error.value.remedy == "run `forecast build`"


def test_a_panel_without_history(warehouse):
    execute(warehouse, "update dev_features.settings set last_period = null")
    with pytest.raises(ForecastError, match="no complete period"):
        run.train(warehouse.project, model="seasonal_naive")


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
