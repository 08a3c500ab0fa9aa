"""`forecast init`: what it writes, what it guesses, and that dbt takes it."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.scaffold import (
    guess,
    init_project,
    known_names,
    map_columns,
    project_name,
    read_tables,
)

ROOT = Path(__file__).parents[1]


def shop(path: Path, *statements: str) -> Path:
    """A warehouse with a shop's tables, under names of the shop's own."""
    with duckdb.connect(str(path)) as con:
        for statement in statements:
            con.execute(statement)
    return path


ORDER_LINES = """
    create table "order lines" as select
        'o' || i as "Order No", 'sku' || i % 2 as sku,
        timestamp '2024-01-01' + to_days(cast(i % 400 as integer)) as created_at,
        1 + i % 5 as qty, 2.5 as price, 'Nürnberg' as store
    from range(1200) as lines (i)
"""
PRODUCTS = (
    "create table products as select 'sku' || i as sku, 'Mug ' || i as name, "
    "'kitchen' as category from range(2) as items (i)"
)


def variables(folder: Path) -> dict:
    project = yaml.safe_load((folder / "dbt_project.yml").read_text(encoding="utf-8"))
    return project["vars"]["warehouse_forecaster"]


def test_columns_are_guessed_by_name(tmp_path: Path) -> None:
    notes = "create table notes (text varchar)"
    path = shop(tmp_path / "shop.duckdb", ORDER_LINES, PRODUCTS, notes)
    made = init_project(tmp_path / "My Forecasts", warehouse=path)
    assert not made.uses_sample
    assert made.unsure == []
    assert variables(made.folder)["inputs"] == {
        "sales": {
            "source": ["my_forecasts_main", "order lines"],
            "columns": {
                "order_id": "Order No",
                "ordered_at": "created_at",
                "item_id": "sku",
                "quantity": "qty",
                "location_id": "store",
                "unit_price": "price",
            },
        },
        "items": {
            "source": ["my_forecasts_main", "products"],
            "columns": {"item_id": "sku", "description": "name", "category": "category"},
        },
    }
    panels = {panel["name"]: panel for panel in variables(made.folder)["panels"]}
    levels = [[], ["category"], ["location_id"], ["item_id"]]
    assert panels["item_location_daily"]["levels"] == levels


def test_what_was_not_understood_is_said(tmp_path: Path) -> None:
    path = shop(
        tmp_path / "shop.duckdb",
        "create table sales (order_id int, created_at timestamp, thing text, qty int)",
        "create table stock (sku text, date date, level int)",
    )
    made = init_project(tmp_path / "forecasts", warehouse=path)
    assert made.uses_sample
    assert "no table of" in made.unsure[0]
    assert "main.sales looks like `sales`" in made.unsure[1]
    assert made.unsure[1].endswith("is known as item_id")
    assert "main.stock looks like `inventory`" in made.unsure[2]
    assert made.unsure[2].endswith("is known as on_hand")
    for doubt in made.unsure:
        assert doubt in (made.folder / "README.md").read_text(encoding="utf-8")
        assert f"# {doubt}" in (made.folder / "dbt_project.yml").read_text(encoding="utf-8")


def test_demand_never_counts_twice(tmp_path: Path) -> None:
    sales = "create table orders (order_id int, created_at timestamp, sku text, qty int)"
    demand = "create table daily_sales (sku text, date date, units int)"
    both = read_tables(shop(tmp_path / "both.duckdb", sales, demand))
    assert [mapping.input_name for mapping in guess(both)] == ["sales"]
    vague = sales.replace("sku text, ", "")
    second = read_tables(shop(tmp_path / "second.duckdb", vague, demand))
    assert [mapping.input_name for mapping in guess(second)] == ["demand"]


def test_own_layers_are_no_inputs(tmp_path: Path) -> None:
    path = shop(
        tmp_path / "shop.duckdb",
        "create schema dev_marts; create schema dev_staging",
        "create table dev_marts.dim_items (item_id text)",
        "create view dev_staging.stg_sales as select 1 as order_id",
    )
    assert read_tables(path) == []


def test_a_folder_is_no_warehouse(tmp_path: Path) -> None:
    with pytest.raises(ForecastError, match="is a folder") as refused:
        init_project(tmp_path / "forecasts", warehouse=tmp_path)
    assert refused.value.exit_code == BAD_INPUT


def test_every_name_of_the_contract_is_known_as_itself() -> None:
    """The package's own contract, read from its macro: required and optional columns."""
    macro = (ROOT / "dbt_project/macros/inputs/input_contract.sql").read_text(encoding="utf-8")
    contract = yaml.safe_load(re.search(r"return\((\{.*\})\) \}\}", macro, re.DOTALL)[1])
    for input_name, known in known_names().items():
        assert set(known["required"]) == set(contract[input_name]["required"]), input_name
        assert set(known.get("optional", {})) <= set(contract[input_name]["optional"]), input_name
        for column, names in {**known["required"], **known.get("optional", {})}.items():
            assert names[0] == column, (input_name, column)


def test_two_columns_of_the_contract_never_share_one_of_theirs(tmp_path: Path) -> None:
    path = shop(tmp_path / "w.duckdb", "create table prices (sku text, start_date date, price int)")
    (table,) = read_tables(path)
    columns = map_columns("prices", table).columns
    assert len(set(columns.values())) == len(columns)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "packages.yml").write_text("ours")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ForecastError, match=r"has packages.yml already; nothing was written") as no:
        init_project(tmp_path)
    assert no.value.exit_code == BAD_INPUT
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "packages.yml").read_text() == "ours"


def test_no_such_warehouse(tmp_path: Path) -> None:
    with pytest.raises(ForecastError, match="no warehouse"):
        init_project(tmp_path / "new", warehouse=tmp_path / "absent.duckdb")
    assert not (tmp_path / "new").exists()


def test_a_warehouse_whose_name_dbt_cannot_use(tmp_path: Path) -> None:
    path = shop(tmp_path / "the shop's.duckdb", ORDER_LINES)
    with pytest.raises(ForecastError, match="quote"):
        init_project(tmp_path / "new", warehouse=path)


def test_a_file_that_is_no_warehouse(tmp_path: Path) -> None:
    (tmp_path / "notes.duckdb").write_text("not a database" * 1000)
    with pytest.raises(ForecastError, match="cannot be read"):
        init_project(tmp_path / "new", warehouse=tmp_path / "notes.duckdb")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Café Nº 5", "caf_n_5"),
        ("2025", "forecasts_2025"),
        ("日本", "forecasts"),
        ("warehouse_forecaster", "warehouse_forecaster_project"),
        ("demandPlanning", "demand_planning"),
    ],
)
def test_names_dbt_accepts(folder: str, name: str) -> None:
    assert project_name(folder) == name


def test_a_package_from_git(tmp_path: Path) -> None:
    init_project(tmp_path, package="https://git.example/forecasts.git@v1.0")
    (entry,) = yaml.safe_load((tmp_path / "packages.yml").read_text())["packages"]
    assert entry == {
        "git": "https://git.example/forecasts.git",
        "revision": "v1.0",
        "subdirectory": "dbt_project",
    }


def dbt(folder: Path, *arguments: str) -> None:
    """Run the dbt command as a person would, in the project's folder."""
    command = [str(Path(sys.executable).with_name("dbt")), *arguments, "--quiet"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("own_tables", [False, True])
def test_dbt_builds_what_was_written(
    tmp_path: Path, own_tables: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORECAST_WAREHOUSE", raising=False)
    path = tmp_path / "the café.duckdb"
    made = init_project(
        tmp_path / "forecasts", warehouse=shop(path, ORDER_LINES, PRODUCTS) if own_tables else None
    )
    dbt(made.folder, "deps")
    dbt(made.folder, "build")
    built = path if own_tables else made.folder / "warehouse.duckdb"
    with duckdb.connect(str(built), read_only=True) as con:
        counts = con.execute(
            "select count(distinct panel_name), count(distinct unique_id), sum(y) "
            "from dev_features.panel"
        ).fetchone()
    assert counts and counts[0] == 2
    assert counts[1] >= 2
    assert counts[2] > 100
