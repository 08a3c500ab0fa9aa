from __future__ import annotations

import json
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult

from forecaster.errors import BAD_INPUT, FAILED, ForecastError
from forecaster.project import Project, find_project


def test_relation_names_come_from_the_manifest(shop):
    assert shop.relation("predictions") == '"dev_forecasts"."predictions"'
    assert Project(target="prod").relation("predictions") == '"prod_forecasts"."predictions"'
    assert Project(target="dev").relation("predictions") == '"dev_forecasts"."predictions"'
    with pytest.raises(ForecastError, match="no model 'nothing'"):
        shop.relation("nothing")


def test_warehouse_path_is_the_profiles(shop, monkeypatch, tmp_path):
    assert shop.warehouse_path == Path.cwd() / "warehouse.duckdb"
    monkeypatch.setenv("FORECAST_WAREHOUSE", str(tmp_path / "other.duckdb"))
    assert Project().warehouse_path == tmp_path / "other.duckdb"


def test_found_from_inside_the_project(shop, monkeypatch):
    monkeypatch.chdir("dbt_project")
    assert Project(profiles_dir="..").folder == shop.folder


def test_missing_pieces_are_named(shop, tmp_path):
    with pytest.raises(ForecastError, match="dbt_project.yml"):
        find_project(tmp_path)
    with pytest.raises(ForecastError, match="profiles.yml"):
        Project(profiles_dir=tmp_path / "nowhere")
    with pytest.raises(ForecastError, match="no target 'staging'") as error:
        Project(target="staging")
    assert "dev, prod" in error.value.remedy
    profile = Path("profiles.yml")
    profile.write_text(profile.read_text().replace("warehouse_forecaster:", "other:"))
    with pytest.raises(ForecastError, match="no profile 'warehouse_forecaster'"):
        Project()
    profile.write_text("a: [")
    with pytest.raises(ForecastError, match="cannot be read"):
        Project()


def test_a_folder_inside_another_project_is_not_taken_for_the_demo(shop, monkeypatch):
    monkeypatch.chdir("dbt_project/models")
    with pytest.raises(ForecastError, match="lies in the dbt project") as error:
        Project()
    assert str(shop.folder) in error.value.remedy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("warehouse_forecaster:", "has no outputs"),
        ("warehouse_forecaster: {outputs: [dev]}", "has no outputs"),
        ("warehouse_forecaster: {outputs: {dev: }}", "has no outputs"),
        ("- warehouse_forecaster", "holds a list"),
        (
            "warehouse_forecaster: {target: '{{ nothing() }}', outputs: {dev: {type: duckdb}}}",
            "cannot be rendered",
        ),
    ],
)
def test_profiles_of_another_shape(shop, text, message):  # noqa: ARG001
    Path("profiles.yml").write_text(text)
    with pytest.raises(ForecastError, match=message) as error:
        Project()
    assert error.value.exit_code == BAD_INPUT


def test_a_selection_of_nothing(shop):
    with pytest.raises(ForecastError, match="nothing in the dbt project matches no_such_model"):
        shop.build("no_such_model")


def test_an_interrupt_while_dbt_works_is_an_interrupt(shop, monkeypatch):
    def stopped(*_: object) -> object:
        return dbtRunnerResult(success=False, exception=KeyboardInterrupt())

    monkeypatch.setattr(dbtRunner, "invoke", stopped)
    with pytest.raises(KeyboardInterrupt):
        shop.build("series")


def test_a_failing_model_is_named_with_its_message(shop):
    model = shop.folder / "models" / "features" / "series.sql"
    model.write_text("select no_such_column from given.series")
    with pytest.raises(ForecastError, match="model series .*no_such_column") as error:
        shop.build("series")
    assert error.value.exit_code == FAILED


def test_a_project_that_does_not_compile(shop):
    model = shop.folder / "models" / "features" / "series.sql"
    model.write_text("select * from {{ ref('no_such_model') }}")
    with pytest.raises(ForecastError, match="no_such_model") as error:
        shop.build("series")
    assert error.value.exit_code == BAD_INPUT


def test_dbt_leaves_the_warehouse_to_others(shop):
    """Also with a profile that says nothing of keep_open."""
    import subprocess
    import sys

    profile = Path("profiles.yml")
    profile.write_text(profile.read_text().replace("keep_open: false", "keep_open: true"))
    project = Project()
    project.build("series")
    code = "import duckdb; duckdb.connect('warehouse.duckdb').execute('create table t as select 1')"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_compiled_analyses_are_kept_until_a_macro_changes(shop):
    first = shop.compiled("write_parents")
    assert "$run_id" in first
    files = list((shop.target_folder / "forecast").glob("write_parents.*.sql"))
    assert len(files) == 1
    analysis = shop.folder / "analyses" / "write_parents.sql"
    analysis.write_text(analysis.read_text() + "\n-- changed")
    assert shop.compiled("write_parents").endswith("-- changed")


def test_target_of_a_manifest_written_by_plain_dbt(shop):
    (shop.target_folder / "forecast" / "target.json").unlink()
    manifest = json.loads((shop.target_folder / "manifest.json").read_text())
    assert shop._target_of(manifest) in {None, "dev"}
    assert Project(target="prod").relation("runs").startswith('"prod')
