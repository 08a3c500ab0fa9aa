from __future__ import annotations

import pytest

from forecaster.config import parse_assignments, run_settings
from forecaster.errors import ForecastError
from forecaster.models import model_class, model_names
from forecaster.run import make_model


def test_assignments_are_json_or_text():
    given = ["epochs=5", "standardise=series", "quantiles=[0.1, 0.9]", "group=null"]
    assert parse_assignments(given) == {
        "epochs": 5,
        "standardise": "series",
        "quantiles": [0.1, 0.9],
        "group": None,
    }
    with pytest.raises(ForecastError, match="key=value"):
        parse_assignments(["epochs"])


def test_unknown_setting_lists_the_known_ones():
    with pytest.raises(ForecastError, match="no setting 'epoch'") as error:
        make_model("seasonal_mean", {"epoch": 3})
    assert "n_seasons (default 4)" in error.value.remedy
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    "values", [{"seed": -1}, {"quantiles": [0, 0.5]}, {"quantiles": [0.4, 0.6]}, {"quantiles": []}]
)
def test_impossible_settings(values):
    with pytest.raises(ForecastError):
        run_settings(values)


def test_interval():
    settings = run_settings({"confidence_level": 0.9, "quantiles": [0.95, 0.5, 0.05]})
    assert settings.quantiles == (0.05, 0.5, 0.95)
    assert settings.interval == pytest.approx((0.05, 0.95))


def test_models_are_found_by_name_and_path():
    assert {"cnn", "linear", "linear_local", "lstm", "lstm_stacked", "seasonal_mean"} < set(
        model_names()
    )
    assert "base" not in model_names()
    assert model_class("seasonal_naive").__name__ == "SeasonalNaive"
    assert make_model("tests.broken_model", {}).name == "tests.broken_model"


def test_unknown_model_of_nodes_is_refused_before_any_work():
    with pytest.raises(ForecastError, match="no model 'prophet'"):
        make_model("seasonal_mean", {"nodes_model": "prophet"})
    assert make_model("seasonal_mean", {"nodes_model": "none"}).run.nodes_model == "none"


@pytest.mark.parametrize("name", ["prophet", "base", "json", "no.such.module", "./my.py", ".."])
def test_unknown_model_lists_the_known_ones(name):
    with pytest.raises(ForecastError, match=f"no model '{name}'") as error:
        model_class(name)
    assert "lstm_stacked" in error.value.remedy


def test_a_model_that_is_no_python(tmp_path, monkeypatch):
    (tmp_path / "models_of_mine").mkdir()
    (tmp_path / "models_of_mine" / "mine.py").write_text("class {")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ForecastError, match=r"mine.py, line 1"):
        model_class("models_of_mine.mine")
