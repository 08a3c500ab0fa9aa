"""What `pip install .` puts on a machine, and what `make` installs."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SHIPPED = ("forecaster", "dbt_project", "cli.py", "pyproject.toml", "README.md")
LEFT_BEHIND = (
    "dbt_project/target/manifest.json",
    "dbt_project/logs/dbt.log",
    "dbt_project/dbt_packages/other/dbt_project.yml",
    "dbt_project/warehouse.duckdb",
    "dbt_project/.user.yml",
    "warehouse.duckdb",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel built from a checkout in which dbt has been run."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("target", "logs", "dbt_packages", "__pycache__")
            shutil.copytree(ROOT / name, checkout / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, checkout / name)
    for name in LEFT_BEHIND:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("left behind by a build")
    built = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", str(built), str(checkout)], check=True, timeout=120)
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_only_the_package_lands_in_site_packages(wheel: list[str]) -> None:
    top = {name.split("/")[0] for name in wheel}
    assert {name for name in top if not name.endswith(".dist-info")} == {"forecaster"}


def test_the_command_and_the_dbt_project_are_inside(wheel: list[str]) -> None:
    assert "forecaster/cli.py" in wheel
    tracked = {
        path.relative_to(ROOT).as_posix()
        for folder in ("macros", "models", "analyses", "tests", "seeds")
        for path in (ROOT / "dbt_project" / folder).rglob("*")
        if path.is_file()
    }
    tracked |= {"dbt_project/dbt_project.yml", "dbt_project/profiles.yml"}
    assert {f"forecaster/{name}" for name in tracked} <= set(wheel)
    templates = (ROOT / "forecaster" / "templates").rglob("*")
    assert {p.relative_to(ROOT).as_posix() for p in templates if p.is_file()} <= set(wheel)


def test_nothing_that_a_build_left_is_shipped(wheel: list[str]) -> None:
    names = r"(^|/)(target|logs|dbt_packages|__pycache__)/|\.duckdb|\.user\.yml"
    assert [name for name in wheel if re.search(names, name)] == []


def pins() -> dict[str, str]:
    """Name to version of every line of the constraints."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_constraints_are_exact_and_name_no_host() -> None:
    text = (ROOT / "constraints.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines == sorted(lines)
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][A-Za-z0-9.]*", line) for line in lines)
    assert not re.search(r"://|@|/|--", "".join(lines))


def test_every_dependency_is_pinned_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins()[requirement.name]), requirement


def test_make_says_which_python_it_needs(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 && exit 0\nexit 1\n')
    old.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    made = subprocess.run(
        ["make", f"PYTHON={old}", "install"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode != 0
    assert "No Python 3.11, 3.12 or 3.13" in made.stderr
    assert "is Python 3.9.1" in made.stderr
    assert not (tmp_path / ".venv").exists()
