from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[1]


def forecast(
    *arguments: str, preexec_fn: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "forecaster", *arguments]
    return subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=preexec_fn,  # noqa: PLW1509
    )


def test_help_is_quick_and_teaches():
    """In seconds of processor time, which other work on the machine does not stretch."""
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = forecast("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert result.returncode == 0
    for command in ("demo", "build", "train", "predict", "backtest", "runs", "publish", "report"):
        assert command in result.stdout
    assert "Start here" in result.stdout
    assert min(seconds) < 0.5


def test_help_imports_nothing_heavy():
    heavy = {"pandas", "duckdb", "dbt", "tensorflow", "numpy"}
    code = f"import sys, cli; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


@pytest.mark.parametrize(
    "command",
    ["demo", "build", "train", "predict", "backtest", "publish", "report", "run"],
)
def test_shared_options_have_the_same_names(command):
    result = forecast(command, "--help")
    assert result.returncode == 0
    for option in ("--project-dir", "--profiles-dir", "--target", "--json", "--debug"):
        assert option in result.stdout
    assert "Example" in result.stdout


def test_version():
    assert forecast("--version").stdout.startswith("forecast 0.")


def test_train_says_what_it_did_and_what_is_next(shop):
    result = forecast("train", "--model", "seasonal_mean")
    assert result.returncode == 0, result.stderr
    assert "train seasonal_mean on small: run" in result.stdout
    assert "champion: the panel's first model" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("Next: forecast ")
    again = forecast("train", "--model", "seasonal_mean")
    assert "nothing to do" in again.stdout
    assert again.returncode == 0


def test_json_is_one_object_on_stdout(shop):
    result = forecast("train", "--model", "seasonal_mean", "--json", "--set", "n_seasons=2")
    answer = json.loads(result.stdout)
    assert answer["runs"][0]["status"] == "complete"
    listed = json.loads(forecast("runs", "list", "--json").stdout)
    assert listed["runs"][0]["run_id"] == answer["runs"][0]["run_id"]
    assert listed["runs"][0]["is_champion"]
    shown = json.loads(forecast("runs", "show", answer["runs"][0]["run_id"], "--json").stdout)
    assert shown["run"]["model_name"] == "seasonal_mean"
    assert shown["metrics"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "--model", "prophet"], 2, "there is no model 'prophet'"),
        (["train", "--panel", "nope", "--model", "seasonal_mean"], 2, "there is no panel 'nope'"),
        (["train", "--model", "seasonal_mean", "--epochs", "3"], 2, "no setting 'epochs'"),
        (["train", "--set", "quantiles"], 2, "key=value"),
        (["train", "--set", "seed=99999999999"], 2, "less than 4294967296"),
        (["predict", "--target", "nowhere"], 2, "no target 'nowhere'"),
        (["predict"], 2, "no trained model"),
        (["runs", "show", "x"], 2, "there is no run 'x'"),
        (["runs", "rollback", "--panel", "small"], 2, "no earlier champion"),
    ],
)
def test_errors_name_the_place_and_the_remedy(shop, arguments, code, message):
    result = forecast(*arguments)
    assert result.returncode == code
    assert message in result.stderr
    assert "Remedy: " in result.stderr
    assert "Traceback" not in result.stderr
    as_json = forecast(*arguments, "--json")
    assert as_json.returncode == code
    assert message in json.loads(as_json.stdout)["error"]


def test_an_unknown_size_is_bad_usage():
    result = forecast("demo", "--size", "huge")
    assert result.returncode == 2
    assert "huge" in result.stderr
    assert "tiny" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--size", "huge"],
        ["train", "--epochs", "0"],
        ["train", "--nonsense"],
        ["runs", "show"],
    ],
)
def test_bad_usage_is_json_too(arguments):
    result = forecast(*arguments, "--json")
    assert result.returncode == 2
    assert set(json.loads(result.stdout)) == {"error", "remedy"}


def test_a_missing_warehouse(shop):
    shop.warehouse_path.unlink()
    result = forecast("train")
    assert result.returncode == 2
    assert "there is no warehouse at" in result.stderr
    assert "forecast demo" in result.stderr


@pytest.mark.parametrize(
    ("command", "name", "message"),
    [
        (["build"], "folder", "is a folder"),
        (["train"], "folder", "is a folder"),
        (["build"], "nowhere/warehouse.duckdb", "there is no folder"),
        (["train"], "notes.txt", "is not a DuckDB file, or is damaged"),
        (["runs", "list"], "notes.txt", "is not a DuckDB file, or is damaged"),
        (["demo", "--size", "tiny"], "notes.txt", "is not a DuckDB file, or is damaged"),
        (["build"], "", "has an empty path"),
    ],
)
def test_a_warehouse_that_is_none(shop, monkeypatch, command, name, message):
    Path("folder").mkdir()
    Path("notes.txt").write_text("not a database")
    monkeypatch.setenv("FORECAST_WAREHOUSE", name)
    result = forecast(*command)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert "FORECAST_WAREHOUSE" in result.stderr.split("Remedy: ")[1]
    assert Path("notes.txt").read_text() == "not a database"
    assert list(Path("folder").iterdir()) == []


def test_the_demo_waits_for_no_one(shop):
    """Another program's lock is its own exit code, and the warehouse stays as it was."""
    with duckdb.connect(str(shop.warehouse_path)):
        result = forecast("demo", "--size", "tiny")
    assert result.returncode == 3
    assert f"process {os.getpid()}" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="root heeds no file mode unless told to")
@pytest.mark.parametrize(
    "command",
    [
        ["demo", "--size", "tiny"],
        ["build", "--select", "series"],
        ["train", "--model", "seasonal_naive"],
        ["backtest", "--model", "seasonal_naive"],
    ],
)
def test_a_read_only_warehouse(shop, command):
    before = shop.warehouse_path.read_bytes()
    shop.warehouse_path.chmod(0o444)
    result = forecast(*command, preexec_fn=heed_file_modes)
    assert result.returncode == 3, result.stderr
    assert f"the warehouse {shop.warehouse_path} cannot be written" in result.stderr
    assert "Remedy: make the file and its folder writable" in result.stderr
    assert shop.warehouse_path.read_bytes() == before


def heed_file_modes() -> None:
    """Root without the right to override them (CAP_DAC_OVERRIDE), for the program that follows."""
    if os.getuid() == 0 and ctypes.CDLL(None).prctl(24, 1, 0, 0, 0) != 0:
        raise PermissionError("this test needs the right to give up rights, or not to be root")
