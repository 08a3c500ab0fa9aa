from __future__ import annotations

import numpy as np
import pytest

from forecaster import features, panel_settings, run
from forecaster.errors import ForecastError
from forecaster.work import make_model, read_again
from tests.conftest import execute, make_panel


def test_the_panel_comes_back_as_it_was_written(warehouse):
    expected = make_panel()
    panel = features.read_panel(warehouse, panel_settings.panels(warehouse)[0])
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


def test_features_of_the_target_are_read_for_models_that_ask_for_them(warehouse):
    settings = panel_settings.panels(warehouse)[0]
    of_target = "set input_name = 'target' where feature_name = 'views'"
    execute(warehouse, f"update dev_features.feature_catalog {of_target}")
    whole = features.read_panel(warehouse, settings)
    part = features.read_panel(warehouse, settings, with_derived=False)
    assert (whole.past_names, part.past_names) == (("views",), ())
    np.testing.assert_array_equal(whole.future_values, part.future_values)
    asking, other = make_model("lstm_stacked", {}), make_model("lstm", {})
    loaded: list = []
    first = read_again(warehouse, settings, other, loaded)
    assert first.past_names == ()
    assert read_again(warehouse, settings, other, loaded).y is first.y
    second = read_again(warehouse, settings, asking, loaded)
    assert second.past_names == ("views",)
    assert read_again(warehouse, settings, other, loaded).y is second.y
    assert len(loaded) == 1


def test_the_fingerprint_follows_the_features_not_their_order(warehouse):
    first = features.fingerprint(warehouse, "small")
    table = "dev_features.panel_extended"
    execute(warehouse, f"create or replace table {table} as from {table} order by hash(ds)")
    assert features.fingerprint(warehouse, "small") == first
    execute(warehouse, f"update {table} set is_promoted = 1 - is_promoted where period_index = 3")
    assert features.fingerprint(warehouse, "small") != first


def test_a_missing_feature_table_is_named(warehouse):
    execute(warehouse, "drop table dev_features.scaling")
    with pytest.raises(ForecastError, match="scaling") as error:
        run.train(warehouse.project, model="seasonal_naive")
    assert error.value.remedy == "run `forecast build`"


def test_a_panel_without_history(warehouse):
    execute(warehouse, "update dev_features.settings set last_period = null")
    with pytest.raises(ForecastError, match="no complete period"):
        run.train(warehouse.project, model="seasonal_naive")
