"""The commands of docs/ci.md, as they stand there: prod whole, then a branch's change in dev."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from forecaster.demo import simulate

ROOT = Path(__file__).parents[2]
CHANGED = "dim_locations"


def commands() -> list[str]:
    """The shell blocks of the page, in order."""
    return re.findall(r"```sh\n(.*?)```", (ROOT / "docs/ci.md").read_text("utf-8"), re.DOTALL)


def run(block: str, folder: Path) -> None:
    scripts = Path(sys.executable).parent
    env = {
        **os.environ,
        "PATH": f"{scripts}:{os.environ['PATH']}",
        "FORECAST_WAREHOUSE": str(folder / "warehouse.duckdb"),
    }
    done = subprocess.run(
        ["bash", "-euc", block], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def tables(folder: Path, schema: str) -> dict[str, str]:
    """Schema and name of everything in the schemas that begin so, with a hash of its rows."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as con:
        names = con.execute(
            "select table_schema, table_name from information_schema.tables "
            "where starts_with(table_schema, ?) and table_type = 'BASE TABLE'",
            [schema],
        ).fetchall()
        return {
            f"{where}.{name}": str(
                con.execute(
                    f'select count(*), bit_xor(hash(t)) from "{where}"."{name}" as t'
                ).fetchone()
            )
            for where, name in names
        }


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the dbt project, with the tiny shop in its warehouse."""
    folder = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb")
    shutil.copytree(ROOT / "dbt_project", folder / "dbt_project", ignore=ignored)
    shutil.copy(ROOT / "profiles.yml", folder)
    simulate("tiny", folder / "warehouse.duckdb", seed=1)
    return folder


def test_a_branch_builds_what_it_changed_and_defers_to_prod(checkout: Path) -> None:
    on_main, on_branch = commands()
    run(on_main, checkout)
    prod = tables(checkout, "prod_")
    assert f"prod_marts.{CHANGED}" in prod
    assert "prod_features.panel" in prod
    assert not tables(checkout, "dev_")

    (model,) = (checkout / "dbt_project/models").rglob(f"{CHANGED}.sql")
    text = model.read_text(encoding="utf-8")
    model.write_text(f"-- a branch's change\n{text}", encoding="utf-8")
    run(on_branch, checkout)

    dev = tables(checkout, "dev_")
    assert f"dev_marts.{CHANGED}" in dev
    assert not [name for name in dev if not name.startswith("dev_marts.")]
    assert dev[f"dev_marts.{CHANGED}"] == prod[f"prod_marts.{CHANGED}"]
    assert tables(checkout, "prod_") == prod
