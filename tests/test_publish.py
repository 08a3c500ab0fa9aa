"""`publish`: what BI tools read, and that nothing ever breaks it."""

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from forecaster.errors import BAD_INPUT, LOCKED, ForecastError
from forecaster.publish import default_folder, find_marts, publish

ROOT = Path(__file__).parents[1]
FORECASTS = """
    select 'weekly' as panel_name, 'bottom' as level, 'mug ''nr 1''/日本/☃' as unique_id,
        date '2026-01-05' + cast(7 * i as integer) as ds, 2.0 + i as yhat, 1.0 + i as yhat_lower,
        3.0 + i as yhat_upper, 0.8 as confidence_level, 'ok' as forecast_status
    from range(4) as steps(i)
"""


def node(name: str, folder: str = "marts", enforced: bool = True, **config: Any) -> dict[str, Any]:
    """A model as dbt's manifest holds it."""
    return {
        "resource_type": "model",
        "fqn": ["shop", folder, name],
        "alias": name,
        "database": "ware house",
        "relation_name": f'"ware house"."dev_marts"."{name}"',
        "description": f"It's {name}",
        "columns": {"unique_id": {"description": "the series' id"}} if "fct" in name else {},
        "config": {"contract": {"enforced": enforced}, "enabled": True, **config},
    }


def stand_in(path: Path, manifest: dict[str, Any]) -> SimpleNamespace:
    """What `publish` needs of a project."""
    profile = SimpleNamespace(default_target="dev")
    return SimpleNamespace(warehouse_path=path, manifest=manifest, target="dev", profile=profile)


@pytest.fixture
def project(tmp_path: Path) -> SimpleNamespace:
    """A warehouse with two marts, one of them a view, and tables that nobody may read."""
    path = tmp_path / "ware house.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema dev_marts; create schema dev_staging")
        con.execute("create table dev_staging.orders as select 1 as order_id")
        con.execute(f"create table dev_marts.fct_forecasts as {FORECASTS}")
        con.execute(
            'create view dev_marts.dim_items as select * from "ware house".dev_staging.orders'
        )
        con.execute("create table dev_marts.scratch as select 1 as x")
    nodes = [
        node("fct_forecasts"),
        node("dim_items"),
        node("scratch", enforced=False),
        node("private", meta={"publish": False}),
        node("orders", folder="staging"),
        node("off", enabled=False),
    ]
    manifest = {"nodes": {f"model.shop.{one['alias']}": one for one in nodes}}
    return stand_in(path, manifest)


def change(project: SimpleNamespace, statement: str) -> None:
    with duckdb.connect(str(project.warehouse_path)) as con:
        con.execute(statement)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_marts_are_those_with_a_contract(project: SimpleNamespace) -> None:
    assert [mart.name for mart in find_marts(project.manifest)] == ["dim_items", "fct_forecasts"]


def test_database_and_parquet_hold_the_marts(project: SimpleNamespace) -> None:
    publication = publish(project)
    assert publication.rows == {"dim_items": 1, "fct_forecasts": 4}
    assert sorted(files(publication.folder)) == [
        "bi.duckdb",
        "contract.json",
        "dim_items.parquet",
        "fct_forecasts.parquet",
    ]
    with duckdb.connect(str(publication.database), read_only=True) as con:
        kinds = con.execute("select table_name, table_type from information_schema.tables")
        assert dict(kinds.fetchall()) == {
            "dim_items": "BASE TABLE",
            "fct_forecasts": "BASE TABLE",
        }
        rows = con.execute("from fct_forecasts").fetchall()
        parquet = publication.folder / "fct_forecasts.parquet"
        assert con.execute("from read_parquet(?)", [str(parquet)]).fetchall() == rows
        comments = con.execute("select comment from duckdb_tables() where table_name = 'dim_items'")
        assert comments.fetchone() == ("It's dim_items",)
        comments = con.execute(
            "select comment from duckdb_columns() where column_name = 'unique_id' "
            "and table_name = 'fct_forecasts'"
        )
        assert comments.fetchone() == ("the series' id",)


def test_storage_is_old_enough_for_every_driver(project: SimpleNamespace) -> None:
    with duckdb.connect(str(publish(project).database), read_only=True) as con:
        tags = con.execute("select tags from duckdb_databases() where database_name = 'bi'")
        assert "v1.2.0" in str(tags.fetchone())


def test_database_is_read_only(project: SimpleNamespace) -> None:
    mode = publish(project).database.stat().st_mode
    assert not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)


def test_a_reader_is_undisturbed_and_new_readers_see_the_new(project: SimpleNamespace) -> None:
    database = publish(project).database
    script = "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True)\n"
    script += "for line in sys.stdin: print(con.execute('select count(*) from fct_forecasts')"
    script += ".fetchone()[0], flush=True)"
    reader = subprocess.Popen(
        [sys.executable, "-c", script, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdin and reader.stdout
    reader.stdin.write("\n")
    reader.stdin.flush()
    assert reader.stdout.readline() == "4\n"
    change(project, "delete from dev_marts.fct_forecasts where yhat > 3")
    assert publish(project).rows["fct_forecasts"] == 2
    reader.stdin.write("\n")
    reader.stdin.close()
    assert reader.stdout.read() == "4\n"
    reader.wait(timeout=20)
    with duckdb.connect(str(database), read_only=True) as con:
        assert con.execute("select count(*) from fct_forecasts").fetchone() == (2,)


def test_a_changed_contract_is_refused_and_said(project: SimpleNamespace) -> None:
    folder = publish(project).folder
    before = files(folder)
    change(project, "alter table dev_marts.fct_forecasts rename yhat to mean")
    change(project, "alter table dev_marts.fct_forecasts alter yhat_upper type varchar")
    with pytest.raises(ForecastError) as refused:
        publish(project)
    assert "fct_forecasts: column yhat is gone" in refused.value.message
    assert "fct_forecasts: column mean is new" in refused.value.message
    assert "column yhat_upper was DECIMAL" in refused.value.message
    assert "--allow-schema-change" in refused.value.remedy
    assert refused.value.exit_code == BAD_INPUT
    assert files(folder) == before


def test_a_changed_contract_that_is_meant(project: SimpleNamespace) -> None:
    publish(project)
    del project.manifest["nodes"]["model.shop.dim_items"]
    publication = publish(project, allow_schema_change=True)
    assert publication.changes == ["dim_items: no longer there"]
    assert "dim_items.parquet" not in files(publication.folder)
    assert set(json.loads((publication.folder / "contract.json").read_text())) == {"fct_forecasts"}
    assert publish(project).changes == []


def test_a_new_mart_breaks_nobody(project: SimpleNamespace) -> None:
    publish(project)
    project.manifest["nodes"]["model.shop.scratch"]["config"]["contract"]["enforced"] = True
    assert "scratch" in publish(project).rows


def test_a_kill_in_the_middle_leaves_the_old(project: SimpleNamespace) -> None:
    folder = publish(project).folder
    before = files(folder)
    change(project, "delete from dev_marts.fct_forecasts")
    script = textwrap.dedent("""
        import json, os, signal, sys
        from pathlib import Path
        from forecaster import publish
        from tests.test_publish import stand_in

        publish.swap = lambda staged, folder: os.kill(os.getpid(), signal.SIGKILL)
        manifest = json.loads(sys.stdin.read())
        publish.publish(stand_in(Path(sys.argv[1]), manifest))
    """)
    killed = subprocess.run(
        [sys.executable, "-c", script, str(project.warehouse_path)],
        input=json.dumps(project.manifest),
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    left = [path for path in folder.iterdir() if path.is_dir()]
    assert len(left) == 1
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert publish(project).rows["fct_forecasts"] == 0
    assert not left[0].exists()


def test_a_mart_that_was_not_built(project: SimpleNamespace) -> None:
    change(project, "drop table dev_marts.fct_forecasts")
    with pytest.raises(ForecastError, match="fct_forecasts is not in the warehouse"):
        publish(project)
    assert not (project.warehouse_path.parent / "published").exists()


def test_no_warehouse(project: SimpleNamespace) -> None:
    project.warehouse_path.unlink()
    with pytest.raises(ForecastError, match="no warehouse"):
        publish(project)


def test_a_warehouse_that_another_program_writes(project: SimpleNamespace) -> None:
    script = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(project.warehouse_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    holder.stdout.readline()
    try:
        with pytest.raises(ForecastError) as refused:
            publish(project)
    finally:
        holder.communicate(b"\n", timeout=20)
    assert refused.value.exit_code == LOCKED
    assert str(project.warehouse_path) in refused.value.message


def test_two_marts_of_one_name(project: SimpleNamespace) -> None:
    twin = dict(project.manifest["nodes"]["model.shop.dim_items"], fqn=["other", "marts", "dim"])
    project.manifest["nodes"]["model.other.dim_items"] = twin
    with pytest.raises(ForecastError, match="two marts are called dim_items"):
        publish(project)


@pytest.mark.parametrize("text", [b"{", '{"caf\u00e9": {}}'.encode("latin-1"), b"[]"])
def test_a_damaged_contract_says_so(project: SimpleNamespace, text: bytes) -> None:
    folder = publish(project).folder
    (folder / "contract.json").write_bytes(text)
    with pytest.raises(ForecastError, match="damaged"):
        publish(project)


@pytest.mark.parametrize("name", ["odd shop.2024", "memory", "published"])
def test_a_warehouse_of_an_odd_name(tmp_path: Path, name: str) -> None:
    """DuckDB's and dbt's name for it ends at the first dot."""
    path = tmp_path / f"{name}.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema dev_marts")
        con.execute("create table dev_marts.fct_forecasts as select 1 as unique_id")
        database = con.execute("select current_database()").fetchone()[0]
    mart = node("fct_forecasts") | {"database": database}
    mart["relation_name"] = f'"{database}"."dev_marts"."fct_forecasts"'
    project = stand_in(path, {"nodes": {"m": mart}})
    assert publish(project).rows == {"fct_forecasts": 1}


def test_a_copy_of_the_warehouse_under_another_name(project: SimpleNamespace) -> None:
    """Its manifest and its views still have the first name."""
    project.warehouse_path = project.warehouse_path.rename(
        project.warehouse_path.with_name("shop.v2.duckdb")
    )
    assert publish(project).rows == {"dim_items": 1, "fct_forecasts": 4}


def test_marts_in_two_databases(project: SimpleNamespace) -> None:
    project.manifest["nodes"]["model.shop.dim_items"]["database"] = "lake"
    with pytest.raises(ForecastError, match=r"more than one database \(lake, ware house\)"):
        publish(project)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
@pytest.mark.parametrize("limit", [4_000, 100_000])
def test_a_full_disk_leaves_the_old(project: SimpleNamespace, limit: int) -> None:
    """A limit on a file's size stands for the disk: the first block fails, or a later one."""
    import resource

    folder = publish(project).folder
    before = files(folder)
    change(project, "insert into dev_marts.fct_forecasts select 'p', 'bottom', uuid()::varchar, "
           "'2026-01-05', 1, 1, 1, 1, 'ok' from range(20000)")  # fmt: skip
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(ForecastError) as failed:
            publish(project)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(folder) in failed.value.message
    assert "File too large" in failed.value.message
    assert "disk" in failed.value.remedy
    assert failed.value.exit_code == LOCKED
    assert files(folder) == before


def test_a_mart_that_cannot_be_read_leaves_the_old(project: SimpleNamespace) -> None:
    folder = publish(project).folder
    before = files(folder)
    change(project, "create or replace view dev_marts.dim_items as select 'x'::int as order_id")
    with pytest.raises(ForecastError, match="Could not convert") as failed:
        publish(project)
    assert "forecast build" in failed.value.remedy
    assert files(folder) == before


@pytest.mark.parametrize("name", ["fct_forecasts.parquet", "bi.duckdb", "contract.json"])
def test_a_folder_in_the_place_of_a_file(project: SimpleNamespace, name: str) -> None:
    folder = publish(project).folder
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(ForecastError) as refused:
        publish(project)
    assert f"{folder / name} is a folder" in refused.value.message
    assert refused.value.exit_code == BAD_INPUT
    assert len(list(folder.iterdir())) == 4


def test_another_target_is_published_beside_the_default_one(project: SimpleNamespace) -> None:
    """Trying prod out does not swap empty tables under the BI tools that read dev."""
    assert default_folder(project).name == "published"
    project.target = "prod"
    assert default_folder(project).name == "published_prod"
