"""Bad input: each case ends in a message that names place and remedy, or is counted by reason.

One parse serves most cases; they differ in what stands in their warehouse.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

PROJECT = Path(__file__).parents[2] / "dbt_project"
DEMAND = [
    *("stg_sales", "stg_events", "stg_items", "int_as_of", "int_demand_candidates"),
    *("int_builds", "int_demand_days", "int_sales_classified", "int_demand_lines"),
    *("int_returns", "int_rejections"),
]
VARS: dict[str, Any] = {
    "inputs": {
        "sales": {
            "source": ["raw", "orders"],
            "columns": {
                **{"order_id": "number", "ordered_at": "sold at", "item_id": "sku"},
                **{"quantity": "units", "line_number": "line", "customer_id": "customer"},
                **{"unit_price": "price", "currency": "currency", "loaded_at": "loaded"},
            },
        },
        "events": {"source": ["raw", "events"], "columns": ["event_id", "customer_id"]},
        "items": {"source": ["raw", "items"], "columns": ["description"]},
    },
    "panels": [{"name": "p", "grain": ["item_id"], "frequency": "day", "horizon": 7}],
    "business": {"time_zone": "Europe/Berlin", "as_of": "2026-02-01 00:00:00"},
}
ORDERS = (
    'create table raw.orders (number varchar, line integer, "sold at" varchar, sku varchar, '
    "customer varchar, units varchar, price varchar, currency varchar, loaded varchar)"
)


@dataclass
class Case:
    """A warehouse of its own, and what dbt made of it."""

    folder: Path
    manifest: Manifest | None
    invoke: Callable[..., Any]

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def write(self, *statements: str) -> None:
        """Changes raw tables."""
        with duckdb.connect(str(self.warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)

    def order(self, *rows: tuple[object, ...]) -> None:
        """Adds lines: number, line, sold at, sku, customer, units, price, currency, loaded."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.executemany(
                "insert into raw.orders values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )

    def build(
        self, *options: str, select: list[str] | None = None, values: Any = None
    ) -> tuple[bool, str]:
        """Whether all went well, and every message."""
        return self.invoke(
            ["build", "--select", *(select or DEMAND), "--indirect-selection", "cautious",
             "--exclude", "test_type:unit", *options],
            self.folder, self.manifest, values,
        )  # fmt: skip

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def reasons(self, input_name: str = "sales") -> dict[str, int]:
        """Rejected rows by reason."""
        return dict(self.rows(
            "select reason, n_rows from dev_intermediate.int_rejections "
            f"where treatment = 'rejected' and input_name = '{input_name}'"
        ))  # fmt: skip


def _invoke(
    command: list[str], folder: Path, manifest: Manifest | None = None, values: Any = None
) -> tuple[bool, str]:
    result = dbtRunner(manifest=manifest).invoke([
        *command, "--vars", json.dumps(values or VARS), "--quiet", "--threads", "1",
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
    ])  # fmt: skip
    messages = [str(result.exception or "")]
    if isinstance(getattr(result.result, "results", None), list):
        messages += [str(node.message) for node in result.result if node.message]
    return result.success, "\n".join(messages)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("parse")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECAST_WAREHOUSE", str(folder / "warehouse.duckdb"))
        result = dbtRunner().invoke([
            "parse", "--vars", json.dumps(VARS), "--quiet", "--project-dir", str(PROJECT),
            "--profiles-dir", str(PROJECT), "--target-path", str(folder / "target"),
            "--log-path", str(folder / "logs"),
        ])  # fmt: skip
    assert result.success, result.exception
    return result.result


@pytest.fixture
def case(tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Empty raw tables, mapped."""
    monkeypatch.setenv("FORECAST_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    case = Case(tmp_path, manifest, _invoke)
    case.write(
        "create schema raw",
        ORDERS,
        "create table raw.events (event_id varchar, occurred_at timestamptz, event_type varchar, "
        "item_id varchar, customer_id varchar)",
        "create table raw.items (item_id varchar, description varchar)",
        "insert into raw.items values ('a', 'tea')",
    )
    return case


def line(number: str, sku: object = "a", units: object = 1, **others: object) -> tuple[object, ...]:
    values = {"line": 1, "at": "2026-01-05 10:00", "customer": "c", "price": "2.50"}
    values |= {"currency": "EUR", "loaded": None} | others
    return (
        number, values["line"], values["at"], sku, values["customer"], units, values["price"],
        values["currency"], values["loaded"],
    )  # fmt: skip


# what is not there


def test_missing_table_is_named_with_the_remedy(case: Case) -> None:
    case.write("drop table raw.orders")
    went_well, message = case.build(select=["stg_sales"])
    assert not went_well
    assert "input sales (var inputs.sales): source raw.orders is not in the warehouse" in message
    assert "correct the mapping" in message


def test_missing_column_is_named_with_those_there_are(case: Case) -> None:
    case.write("alter table raw.orders rename column units to pieces")
    went_well, message = case.build(select=["stg_sales"])
    assert not went_well
    assert "source raw.orders has no column 'units' (for quantity)" in message
    assert "it has number, line, sold at, sku, customer, pieces" in message


def test_empty_table_stops_the_build_with_a_message(case: Case) -> None:
    went_well, message = case.build()
    assert not went_well
    assert "input sales (var inputs.sales) has no rows" in message


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"sale": {"model": "orders"}}, "var inputs.sale: there is no such input; the inputs are"),
        (
            {"sales": {"model": "orders", "columns": ["qty"]}},
            "var inputs.sales.columns: 'qty' is no column of this input; it needs order_id",
        ),
        ({"items": {"model": "items"}}, "neither 'sales' nor 'demand' is mapped"),
        (
            {"sales": {"model": "orders"}, "demand": {"model": "daily"}},
            "both 'sales' and 'demand' are mapped",
        ),
        ({"sales": {"columns": ["order_id"]}}, "var inputs.sales: say where it is"),
    ],
)
def test_wrong_mapping_is_refused(
    inputs: dict[str, Any], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    went_well, message = _invoke(["parse"], tmp_path, values=VARS | {"inputs": inputs})
    assert not went_well
    assert expected in message


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"business": {"timezone": "Europe/Berlin"}},
            "var business: there is no key 'timezone'; use time_zone, week_start, as_of",
        ),
        (
            {"panels": [VARS["panels"][0] | {"season": 7}]},
            "var panels: entry 1: there is no key 'season'; use name, grain, frequency, horizon, "
            "season_length",
        ),
        (
            {"panels": [VARS["panels"][0] | {"cutoffs": {"counts": 3}}]},
            "var panels: cutoffs of panel 'p': there is no key 'counts'; use count, step",
        ),
        (
            {"imputation": {"prise": "mean"}},
            "var imputation: there is no key 'prise'; use unit_price, price, price_paid",
        ),
        (
            {"imputation": {"unit_price": True}},
            "var imputation: unit_price is 'True'; use mean, median, forward_fill, seasonal_median",
        ),
        (
            {"imputation": {"price": "seasonal_median"}},
            "var imputation: price is 'seasonal_median'; use mean, median, forward_fill or a "
            "number",
        ),
        (
            {"outliers": {"treshold": 4}},
            "var outliers: there is no key 'treshold'; use method, threshold, periods",
        ),
        ({"outliers": "none"}, "var outliers: 'none' is no mapping"),
        (
            {"panels": [*VARS["panels"], {"name": "sums", "nodes_of": "p"}]},
            "var panels: panel 'sums' has nodes_of 'p', but var inputs maps no 'aggregates'; map a "
            "table of level, node_id, ds and quantity",
        ),
        (
            {"panels": [*VARS["panels"], {"name": "sums", "nodes_of": "q"}]},
            "has nodes_of 'q', and no panel has that name; name one of p, sums",
        ),
        (
            {"extra_features": [{"modle": "weather"}]},
            "var extra_features: entry 1: there is no key 'modle'; use model, package",
        ),
        ({"extra_features": ["weather"]}, "var extra_features: entry 1: 'weather' is no mapping"),
        (
            {"inputs": {"sales": {"model": "orders", "column": ["quantity"]}}},
            "var inputs.sales: there is no key 'column'; use model, package, source, columns",
        ),
    ],
)
def test_misspelt_setting_is_refused(
    values: dict[str, Any], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing reads it, so it would count as one not given."""
    monkeypatch.setenv("FORECAST_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    went_well, message = _invoke(["parse"], tmp_path, values=VARS | values)
    assert not went_well
    assert expected in " ".join(message.split())


def test_every_setting_there_is_may_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    panel = VARS["panels"][0] | {"season_length": 7, "signed": True, "levels": [[]]}
    panel |= {"active_periods": 28, "cutoffs": {"count": 2, "step": 7}}
    filled = ["unit_price", "price_paid", "competitor_price", "competitor_sales", "trend_index"]
    plain = ["price", "list_price", "unit_cost", "volume", "weight", "pack_size", "lead_time"]
    given = {
        "panels": [panel],
        "imputation": dict.fromkeys(filled, "seasonal_median")
        | dict.fromkeys([*plain, "customer_age"], "mean"),
        "outliers": {"method": "iqr", "threshold": 3, "periods": 28},
        "business": {
            **{"time_zone": "UTC", "week_start": "sunday", "as_of": None, "currency": "EUR"},
            **{"late_arrival_periods": 3, "closing_delay_hours": 2},
            **{"max_quantity": 10, "max_unit_price": 10},
        },
    }
    went_well, message = _invoke(["parse"], tmp_path, values=VARS | given)
    assert went_well, message


# what cannot be read


def test_column_of_a_wrong_type_stops_the_build_with_an_example(case: Case) -> None:
    """A date where a quantity should be: no row can be read, and the message shows one."""
    case.write(
        "alter table raw.orders alter units type date using date '2026-01-05'",
        "insert into raw.orders select 'o' || range, 1, '2026-01-05 10:00', 'a', 'c', "
        "date '2026-01-05', '1', 'EUR', null from range(5)",
    )
    went_well, message = case.build()
    assert not went_well
    assert "input sales: 5 of 5 rows are rejected, most for: unreadable quantity" in message
    assert "quantity: '2026-01-05'" in message
    assert "var inputs.sales" in message


@pytest.mark.parametrize(
    ("column", "type", "value", "expected"),
    [
        ("price", "decimal(2, 1)[]", "[2.5]", "unit_price: '[2.5]'"),
        ("units", "decimal(2, 1)[1]", "[2.5]", "quantity: '[2.5]'"),
        (
            '"sold at"',
            "timestamp[]",
            "[timestamp '2026-01-05']",
            "ordered_at: '['2026-01-05 00:00:",
        ),
        ("loaded", "timestamp[]", "[timestamp '2026-01-05']", "loaded_at: '['2026-01-05 00:00:"),
    ],
)
def test_list_where_a_value_should_be_is_unreadable(
    case: Case, column: str, type: str, value: str, expected: str
) -> None:
    case.order(line("1"))
    case.write(
        f"alter table raw.orders alter {column} type {type} using null",
        f"update raw.orders set {column} = {value}",
    )
    went_well, message = case.build("--exclude", "test_type:data", select=["stg_sales"])
    assert went_well, message
    ((error,),) = case.rows("select cast_error from dev_staging.stg_sales")
    assert error.startswith(expected)


def test_column_may_have_a_quote_in_its_name(case: Case) -> None:
    case.order(line("1", units=3), line("2", units="many"))
    case.write('alter table raw.orders rename units to "un""its"')
    sales = VARS["inputs"]["sales"]
    sales = sales | {"columns": sales["columns"] | {"quantity": 'un"its'}}
    values = VARS | {"inputs": VARS["inputs"] | {"sales": sales}}
    went_well, message = case.build(
        "--exclude", "test_type:data", select=["stg_sales"], values=values
    )
    assert went_well, message
    read = case.rows("select quantity, cast_error from dev_staging.stg_sales order by order_id")
    assert read == [(3, None), (None, "quantity: 'many'")]


def test_bad_lines_are_counted_by_reason_and_good_ones_kept(case: Case) -> None:
    case.order(
        *(line(f"good {n}", units=f" {n} ") for n in range(1, 20)),
        line("future", at="2031-05-01 10:00", loaded="2026-01-05 11:00"),
        line("loaded later", loaded="2026-02-01T00:00:00+01:00"),
        line("date as words", at="next tuesday"),
        line("date in another order", at="31/12/2025"),
        line("no date", at=""),
        line("many", units="1e9"),
        line("a word", units="many"),
        line("infinite", units="inf"),
        line("no item", sku="  "),
        line("negative price", price="-1"),
        line("twice"),
        line("twice"),
        line("conflict", units=1),
        line("conflict", units=2),
        line("odd price", price="2,50", at="2026-01-06 10:00"),
    )
    went_well, message = case.build()
    assert went_well, message
    assert case.reasons() == {
        "dated at or after as_of": 1,
        "recorded at or after as_of": 1,
        "unreadable time": 2,
        "missing time": 1,
        "absurd quantity": 1,
        "unreadable quantity": 2,
        "missing item": 1,
        "negative price": 1,
        "exact duplicate": 1,
        "conflicting duplicate key": 1,
    }
    kept = case.rows("select sum(quantity), count(*) from dev_intermediate.int_demand_lines")
    assert kept == [(sum(range(1, 20)) + 1 + 1 + 1, 22)]
    changed = case.rows(
        "select reason, n_rows from dev_intermediate.int_rejections "
        "where input_name = 'sales' and treatment = 'changed' order by 1"
    )
    assert changed == [("price imputed", 1), ("unreadable value taken as missing", 1)]


def test_optional_columns_that_are_mostly_unreadable_stop_the_build(case: Case) -> None:
    """Each value would count as missing, and no cancellation as one."""
    case.order(*(line(f"o{n}", loaded=None if n else "2026-01-06") for n in range(5)))
    case.write(
        "alter table raw.orders add column state varchar",
        "update raw.orders set state = case when number = 'o1' then 'false' else 'ok' end",
        "alter table raw.items add column cost varchar",
        "insert into raw.items values ('b', 'pot', '2,50'), ('c', 'cup', '3,50')",
    )
    inputs = json.loads(json.dumps(VARS["inputs"]))
    inputs["sales"]["columns"]["is_cancelled"] = "state"
    inputs["items"]["columns"] = {"unit_cost": "cost"}
    select = [*DEMAND, "stg_items", "demand_is_usable", "other_inputs_are_usable"]

    def build() -> tuple[bool, str]:
        case.manifest = None
        return case.build(select=select, values=VARS | {"inputs": inputs})

    went_well, message = build()
    assert not went_well
    assert "input sales: 4 of 5 values of is_cancelled cannot be read as true or false" in message
    assert "is_cancelled: 'ok'" in message
    assert "var inputs.sales" in message

    case.write("update raw.orders set state = 'no' where state = 'ok' and number <> 'o0'")
    went_well, message = build()
    assert not went_well
    assert "input items: 2 of 2 values of unit_cost cannot be read as a number" in message
    assert "unit_cost: '2,50'" in message
    assert "sales" not in message

    case.write("update raw.items set cost = '2.50'")
    went_well, message = build()
    assert went_well, message


def test_mixed_currencies_are_refused_by_name(case: Case) -> None:
    case.order(line("1"), line("2", currency=" usd"))
    went_well, message = case.build()
    assert not went_well
    assert "input sales: more than one currency (EUR, USD) and no rates" in message
    assert "set var business.currency" in message
    made = case.rows(
        "select table_name from duckdb_tables() where schema_name = 'dev_intermediate'"
    )
    assert ("int_demand_lines",) not in made


def nightly(case: Case) -> None:
    """Four days, each loaded at two in the morning of the next, and one order more."""
    for day in range(5, 9):
        loaded = f"2026-01-{day + 1:02} 02:00+01:00"
        case.order(line(str(day), at=f"2026-01-{day:02} 10:00", loaded=loaded))
    case.order(line("now", at="2026-01-09 10:00", loaded="2026-01-09 10:00+01:00"))
    case.write("insert into raw.events values ('1', '2026-01-05 10:00:00+01:00', 'view', 'a', 'c')")


def business(**values: object) -> dict[str, Any]:
    settings = VARS["business"] | {"as_of": "2026-01-09 12:00:00"} | values
    return VARS | {"business": settings}


def test_demand_that_is_always_late_stops_the_build_with_a_remedy(case: Case) -> None:
    nightly(case)
    case.write("delete from raw.orders where number = 'now'")
    went_well, message = case.build(values=business())
    assert not went_well
    assert "input sales: 4 of 4 accepted rows were recorded after their day had closed" in message
    assert "item a, ordered on 2026-01-05, recorded at 2026-01-06 01:00:00 UTC" in message
    assert "set var business.closing_delay_hours" in message
    assert "(2 hours hold 19 of 20 rows)" in message
    assert "take loaded_at out of var inputs.sales" in message


def test_demand_that_is_mostly_late_is_a_warning(case: Case) -> None:
    nightly(case)
    went_well, message = case.build(values=business())
    assert went_well, message
    assert "configured to warn" in message


def test_a_nightly_load_is_in_time_where_days_close_after_it(case: Case) -> None:
    nightly(case)
    panel = [*DEMAND, "int_periods", "int_demand_by_period", "revisions"]
    went_well, message = case.build(values=business(closing_delay_hours=2.5), select=panel)
    assert went_well, message
    assert "configured to warn" not in message
    found = "select quantity from dev_intermediate.int_demand_by_period order by ds"
    assert case.rows(found) == [(1,)] * 4
    assert case.rows("from dev_features.revisions") == []
    late = "from dev_intermediate.int_rejections where reason = 'recorded after its day closed'"
    assert case.rows(late) == []
    # at one in the morning the day before is not closed yet
    early = business(closing_delay_hours=2.5, as_of="2026-01-09 01:00:00")
    went_well, message = case.build("--full-refresh", values=early, select=panel)
    assert went_well, message
    assert case.rows(found) == [(1,)] * 3


@pytest.mark.parametrize("hours", [-1, "three", None, True])
def test_an_impossible_closing_delay_is_refused(case: Case, hours: object) -> None:
    nightly(case)
    went_well, message = case.build(values=business(closing_delay_hours=hours))
    assert not went_well
    assert f"closing_delay_hours '{hours}' is not a number of hours, 0 or more" in message


def test_unknown_event_types_are_counted(case: Case) -> None:
    case.order(line("1"))
    at = "timestamptz '2026-01-05 10:00:00+00'"
    case.write(
        f"insert into raw.events select 'fine ' || range, {at}, 'purchase', 'a', 'c' from range(4)",
        f"insert into raw.events values ('1', {at}, ' VIEW', 'a', 'c'),"
        f"('2', {at}, 'cart', 'a', ''),"
        f"('2', {at}, 'cart', 'a', ''), ('3', {at}, 'heartbeat', 'a', 'c'),"
        f"('4', {at}, 'view', 'unheard of', 'c'), ('5', {at}, 'view', '', 'c'),"
        "('6', null, 'view', 'a', 'c')",
    )
    went_well, message = case.build()
    assert went_well, message
    assert case.reasons("events") == {
        "unknown event type": 1,
        "duplicate event_id": 1,
        "missing item": 1,
        "missing time": 1,
    }


# odd text


def test_ids_of_any_text_arrive_whole(case: Case) -> None:
    skus = ['O\'Neil "Pro"', "two  words", "茶壶-01", "🫖 pot", "back\\slash/7", "--; drop table x"]
    case.order(*(line(f"{n}", sku=f"\t{sku}\u00a0") for n, sku in enumerate(skus)))
    went_well, message = case.build()
    assert went_well, message
    found = case.rows("select distinct item_id from dev_intermediate.int_demand_lines")
    assert sorted(sku for (sku,) in found) == sorted(skus)


def test_encodings_meet_in_one_id(case: Case) -> None:
    """Composed and decomposed letters are one item; bytes that are not UTF-8 stay readable."""
    case.write("alter table raw.orders alter sku type blob")
    skus = ["Café".encode(), "Cafe\u0301".encode(), "Café".encode("latin-1")]
    case.order(*(line(str(number), sku=sku) for number, sku in enumerate(skus)))
    went_well, message = case.build()
    assert went_well, message
    found = case.rows(
        "select item_id, count(*) from dev_intermediate.int_demand_lines group by 1 order by 2"
    )
    assert found == [("Caf\\xE9", 1), ("Café", 2)]


# times


@pytest.mark.parametrize("session_zone", ["UTC", "America/New_York"])
def test_days_are_the_business_days_in_any_session_zone(case: Case, session_zone: str) -> None:
    case.order(
        line("offset", at="2026-01-05T23:30:00-05:00"),
        line("berlin", at="2026-01-05 23:30"),
        line("london", at="2026-01-05T23:30:00Z"),
    )
    assert case.build()[0]
    with duckdb.connect(str(case.warehouse), read_only=True) as connection:
        connection.execute(f"set TimeZone = '{session_zone}'")
        found = connection.execute(
            "select number, cast(demand_on as varchar) from dev_intermediate.int_demand_candidates "
            "join raw.orders on order_id = number order by 1"
        ).fetchall()
    assert found == [("berlin", "2026-01-05"), ("london", "2026-01-06"), ("offset", "2026-01-06")]


# growing


def test_lines_built_as_they_come_are_those_of_one_full_build(case: Case) -> None:
    """Late, restated, returned and duplicated lines, over three builds and once more unchanged."""
    tables = ["int_sales_classified", "int_demand_lines", "int_returns", "int_rejections"]

    def snapshot() -> list[list[tuple[Any, ...]]]:
        """All but when it was written."""
        said = "select columns(lambda name: name <> 'built_at')"
        return [case.rows(f"{said} from dev_intermediate.{table} order by all") for table in tables]

    def day(number: int, hour: int = 10) -> str:
        return f"2026-01-{number:02}T{hour:02}:00:00+01:00"

    first = [
        line(f"o{n}", units=n, at=day(n), loaded=day(n, 11), customer=f"c{n}") for n in range(1, 9)
    ]
    second = [
        first[1],
        line("o3", units=30, at=day(3), loaded=day(9), customer="c3"),
        line("o9", units=9, at=day(9), loaded=day(9, 11), price=None),
        line("late", units=4, at=day(2), loaded=day(10)),
    ]
    third = [
        line("o3", units=0, at=day(3), loaded=day(25), customer="c3"),
        line("r9", units=-9, at=day(9, 12), loaded=day(9, 13)),
        line("r1", units=-1, at=day(26), loaded=day(26), customer="c1"),
        line("", units=None, at="soon", loaded=day(26)),
    ]
    for rows in (first, second, third):
        case.order(*rows)
        went_well, message = case.build()
        assert went_well, message
    grown = snapshot()
    assert case.build()[0]
    assert snapshot() == grown
    assert case.build("--full-refresh")[0]
    assert snapshot() == grown
    withdrawn = case.rows(
        "select item_id, quantity, withdrawn_by from dev_intermediate.int_demand_lines "
        "where withdrawn_at is not null order by quantity"
    )
    assert withdrawn == [
        ("a", 3, "restatement"), ("a", 9, "cancellation"), ("a", 30, "restatement"),
    ]  # fmt: skip


# the other input


@pytest.mark.parametrize(("signed", "accepted"), [(False, [0, 5]), (True, [-2, 0, 5])])
def test_demand_by_day_may_be_zero_and_below_it_only_in_a_signed_panel(
    signed: bool, accepted: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.demand as select * from (values "
            "('a', '2026-01-05', 5.0, 10.0), ('a', '2026-01-06', 0.0, 0.0), "
            "('b', '2026-01-05', -2.0, 0.0), ('a', '2026-01-05', 5.0, 10.0), "
            "('a', '2026-01-05', 7.0, 10.0), ('b', '05.01.2026', 1.0, 1.0)"
            ") as t (item_id, ds, quantity, revenue)"
        )
    demand = {"demand": {"source": ["raw", "demand"], "columns": ["revenue"]}}
    panel = VARS["panels"][0] | {"signed": signed}
    values = {"inputs": demand, "panels": [panel], "business": {"time_zone": "Europe/Berlin"}}
    select = "stg_demand int_as_of int_builds int_demand_candidates int_demand_days "
    select += "int_sales_classified int_demand_lines"
    went_well, message = _invoke(["run", "--select", *select.split()], tmp_path, values=values)
    assert went_well, message
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        lines = connection.execute(
            "select quantity, revenue from dev_intermediate.int_demand_lines order by 1"
        ).fetchall()
        rejected = connection.execute(
            "select distinct rejection_reason from dev_intermediate.int_sales_classified"
        ).fetchall()
        as_of_on = connection.execute("select as_of_on::varchar from dev_intermediate.int_as_of")
        assert as_of_on.fetchone() == ("2026-01-07",)
    assert [quantity for quantity, _ in lines] == accepted
    assert lines[-1] == (5, 10)
    reasons = {reason for (reason,) in rejected} - {None}
    expected = {"exact duplicate", "conflicting duplicate key", "unreadable time"}
    assert reasons == expected | (set() if signed else {"negative quantity"})


def test_a_source_may_be_a_file(tmp_path: Path) -> None:
    """A project of its own, since sources stand in yml: dbt-duckdb's external_location."""
    (tmp_path / "models").mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select '1' as id, timestamp '2024-01-01' as at, 'rye' as bread, 2 as loaves) "
            f"to '{tmp_path / 'orders.csv'}'"
        )
    (tmp_path / "models" / "sources.yml").write_text(
        "sources:\n  - name: files\n    tables:\n      - name: orders\n"
        f"        config: {{external_location: '{tmp_path / 'orders.csv'}'}}\n"
    )
    (tmp_path / "packages.yml").write_text(f"packages: [{{local: '{PROJECT}'}}]\n")
    (tmp_path / "profiles.yml").write_text(
        "p: {target: d, outputs: {d: {type: duckdb, keep_open: false, "
        f"path: '{tmp_path / 'w.duckdb'}'}}}}}}\n"
    )
    columns = {"order_id": "id", "ordered_at": "at", "item_id": "bread", "quantity": "loaves"}
    sales = {"source": ["files", "orders"], "columns": columns}
    values = VARS | {"inputs": {"sales": sales}}
    definition = {"name": "bakery", "version": "0.1.0", "profile": "p"}
    definition["vars"] = {"warehouse_forecaster": values}
    (tmp_path / "dbt_project.yml").write_text(json.dumps(definition))
    places = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path), "--quiet"]
    with contextlib.chdir(tmp_path):
        for command in (["deps"], ["run", "--select", "stg_sales"]):
            done = dbtRunner().invoke([*command, *places])
            assert done.success, done.exception or [node.message for node in done.result]
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:
        staged = connection.execute("select item_id, quantity from main_staging.stg_sales")
        assert staged.fetchall() == [("rye", 2)]

    (tmp_path / "orders.csv").write_text("id,at,bread\n1,2024-01-01,rye\n")
    with contextlib.chdir(tmp_path):
        done = dbtRunner().invoke(["run", "--select", "stg_sales", *places])
    assert not done.success
    assert "has no column 'loaves' (for quantity)" in str([node.message for node in done.result])


def test_other_settings_of_demand_ask_for_a_full_refresh(case: Case) -> None:
    """Only those that a line depends on: a further panel needs none."""
    case.order(line("1"), line("2"))
    case.manifest = None
    assert case.build()[0]
    panels = [*VARS["panels"], VARS["panels"][0] | {"name": "q", "horizon": 3}]
    went_well, message = case.build(values=VARS | {"panels": panels})
    assert went_well, message
    business = VARS["business"] | {"time_zone": "UTC"}
    went_well, message = case.build(values=VARS | {"business": business})
    assert not went_well
    assert "2 lines were built with other settings of demand" in message
    for said in ("time_zone", "whether any panel is signed", "--full-refresh: forecasts stay"):
        assert said in message
    went_well, message = case.build("--full-refresh", values=VARS | {"business": business})
    assert went_well, message
