"""`forecast init`: what it writes, what it guesses, and that dbt takes it."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.mapping import Table, guess, known_names, map_columns, read_tables
from forecaster.scaffold import init_project, project_name

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
        "create table notes (text varchar)",
        PRODUCTS,
    )
    made = init_project(tmp_path / "forecasts", warehouse=path)
    (doubt,) = made.unsure
    assert "main.stock looks like `inventory`" in doubt
    assert doubt.endswith("is known as on_hand")
    assert "main.sales looks like `sales`" in made.to_fill_in
    assert "(order_id, created_at, thing, qty) is known as item_id" in made.to_fill_in
    assert made.unrecognised == ["main.notes"]
    assert made.unread == ["main.sales.thing"]
    assert f"# {doubt}" in (made.folder / "dbt_project.yml").read_text(encoding="utf-8")
    readme = (made.folder / "README.md").read_text(encoding="utf-8")
    for text in (doubt, made.to_fill_in, "left unread: main.sales.thing."):
        assert text in readme
        assert text.rstrip(".") in str(made)
    assert str(made).endswith("`forecast build` stops until it is done")


def test_a_warehouse_never_gets_the_made_up_shop(tmp_path: Path) -> None:
    lines = "create table order_lines (order_no int, purchased_at timestamp, thing text, qty int)"
    path = shop(tmp_path / "shop.duckdb", lines, PRODUCTS)
    made = init_project(tmp_path / "forecasts", warehouse=path)
    assert not made.uses_sample
    assert not list(made.folder.rglob("sample_orders.sql"))
    inputs = variables(made.folder)["inputs"]
    assert inputs["sales"]["columns"]["item_id"] == "???"
    assert inputs["sales"]["columns"]["ordered_at"] == "purchased_at"
    assert set(inputs) == {"sales", "items"}
    assert tables_in_sources(made.folder) == {"order_lines", "products"}
    dbt(made.folder, "deps")
    refusal = dbt(made.folder, "build", "--select", "+stg_sales", fails=True)
    assert "has no column '???' (for item_id); it has order_no, purchased_at, thing, qty" in refusal


def test_a_warehouse_without_a_table_of_sales(tmp_path: Path) -> None:
    path = shop(tmp_path / "shop.duckdb", "create table bons (wann date, was text)", PRODUCTS)
    made = init_project(tmp_path / "forecasts", warehouse=path)
    assert set(variables(made.folder)["inputs"]) == {"items"}
    assert tables_in_sources(made.folder) == {"bons", "products"}
    assert "is known by its name as order lines" in str(made)
    assert "not recognised: main.bons" in str(made)
    dbt(made.folder, "deps")
    assert "neither 'sales' nor 'demand' is mapped" in dbt(made.folder, "build", fails=True)


def test_an_empty_warehouse(tmp_path: Path) -> None:
    made = init_project(tmp_path / "forecasts", warehouse=shop(tmp_path / "shop.duckdb"))
    assert not variables(made.folder)["inputs"]
    assert not (made.folder / "models").exists()


ORDERS = """
    create table orders as select
        i as id, timestamp '2024-01-01' + to_days(cast(i as integer)) as "placed at",
        'b' || i % 7 as buyer, i % 10 = 0 as cancelled, 'paid' as status
    from range(400) as orders (i)
"""
ITEMS = """
    create table order_items as select
        i as id, i // 3 as order_id, 'sku' || i % 2 as article_no, 1 + i % 5 as qty,
        2.5 as net_price
    from range(1203) as lines (i)
"""


def test_orders_and_their_lines_are_joined(tmp_path: Path) -> None:
    path = shop(tmp_path / "shop.duckdb", ORDERS, ITEMS)
    made = init_project(tmp_path / "forecasts", warehouse=path)
    assert made.to_fill_in == ""
    assert made.unread == ["main.order_items.id", "main.orders.status"]
    sales = variables(made.folder)["inputs"]["sales"]
    assert sales["model"] == "sales_lines"
    dbt(made.folder, "deps")
    dbt(
        made.folder,
        "build",
        "--select",
        "+stg_sales",
        "source:*",
        "--indirect-selection",
        "cautious",
    )
    with duckdb.connect(str(path), read_only=True) as con:
        columns = [row[0] for row in con.execute("describe dev.sales_lines").fetchall()]
        assert columns == sales["columns"]
        lines = con.execute(
            "select count(*), count(ordered_at), count(customer_id), "
            "count(*) filter (where is_cancelled), sum(quantity), sum(unit_price) "
            "from dev_staging.stg_sales"
        ).fetchone()
        theirs = con.execute("select sum(qty), sum(net_price) from order_items").fetchone()
    # the last three lines have no order: they are kept, to be rejected and counted
    assert lines == (1203, 1200, 1200, 120, *theirs)


def test_an_order_that_stands_twice_is_found(tmp_path: Path) -> None:
    path = shop(tmp_path / "shop.duckdb", ORDERS, ITEMS, "insert into orders from orders limit 1")
    made = init_project(tmp_path / "forecasts", warehouse=path)
    dbt(made.folder, "deps")
    assert "unique_forecasts_main_orders" in dbt(
        made.folder, "test", "--select", "source:*", fails=True
    )


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        ("orders (order_no int, placed_at date)", "order_lines (order_no int, {})"),
        ("raw_orders (number int, placed_at date)", "order_lines (order_number int, {})"),
        ("sales_orders (id int, placed_at date)", "order_details (order_id int, {})"),
        ("invoices (invoice_id int, invoice_date date)", "invoice_lines (invoice_id int, {})"),
    ],
)
def test_keys_that_join(tmp_path: Path, header: str, lines: str) -> None:
    made = [f"create table {table.format('sku text, qty int')}" for table in (header, lines)]
    (mapping,) = guess(read_tables(shop(tmp_path / "w.duckdb", *made)))
    assert mapping.header
    assert not mapping.missing


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        ("invoices (id int, placed_at date)", "order_lines (order_id int, {})"),
        ("orders (id int, placed_at date)", "order_lines (id int, {})"),
        ("orders (id int, status text)", "order_lines (order_id int, {})"),
    ],
)
def test_keys_that_do_not_join(tmp_path: Path, header: str, lines: str) -> None:
    made = [f"create table {table.format('sku text, qty int')}" for table in (header, lines)]
    (mapping,) = guess(read_tables(shop(tmp_path / "w.duckdb", *made)))
    assert not mapping.header
    assert mapping.missing


def test_a_joined_line_is_known_when_both_of_its_rows_are(tmp_path: Path) -> None:
    path = shop(
        tmp_path / "w.duckdb",
        "create table orders (id int, placed_at date, loaded_at timestamp)",
        "create table order_items (order_id int, sku text, qty int, loaded_at timestamp)",
    )
    made = init_project(tmp_path / "forecasts", warehouse=path)
    model = (made.folder / "models/sales_lines.sql").read_text(encoding="utf-8")
    assert 'greatest(lines."loaded_at", orders."loaded_at") as loaded_at' in model


@pytest.mark.parametrize(
    ("input_name", "column", "theirs"),
    [
        ("sales", "ordered_at", ("purchased_at", "placed_at")),
        ("sales", "item_id", ("article_no", "item_no", "product_no", "article_number")),
        ("sales", "unit_price", ("net_price",)),
        ("sales", "customer_id", ("buyer", "buyer_id")),
        ("prices", "valid_from", ("from_date",)),
    ],
)
def test_names_of_other_shops(input_name: str, column: str, theirs: tuple[str, ...]) -> None:
    for name in theirs:
        assert map_columns(input_name, Table("main", "t", (name,))).columns == {column: name}


def test_a_catalogue_holds_the_items() -> None:
    tables = [Table("main", name, ("sku",)) for name in ("catalog", "catalogue")]
    assert [guess([table])[0].input_name for table in tables] == ["items", "items"]


def tables_in_sources(folder: Path) -> set[str]:
    sources = yaml.safe_load((folder / "models/sources.yml").read_text(encoding="utf-8"))
    return {table["name"] for source in sources["sources"] for table in source["tables"]}


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


def test_a_warehouse_called_as_its_schema(tmp_path: Path) -> None:
    path = shop(
        tmp_path / "raw.duckdb", "create schema raw", "create table raw.raw.orders (id int)"
    )
    with pytest.raises(ForecastError, match="its schema raw have one name"):
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


def dbt(folder: Path, *arguments: str, fails: bool = False) -> str:
    """Run the dbt command as a person would, in the project's folder; what it printed."""
    command = [str(Path(sys.executable).with_name("dbt")), *arguments, "--quiet"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert bool(done.returncode) == fails, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


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
