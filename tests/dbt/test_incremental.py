"""Built day by day, with late and corrected rows, the tables are those of one full build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.runner import attempt, messages
from tests.dbt.shop import Comparison, Shop, default_vars

BUILT = ["+panel_extended", "+scaling", "+segments", "+hierarchy", "+feature_catalog"]
BUILT += ["+settings", "+revisions"]

TABLES = {
    "dev_features.panel": ["panel_name", "unique_id", "ds"],
    "dev_features.series": ["panel_name", "unique_id"],
    "dev_features.settings": ["panel_name"],
    "dev_features.segments": ["panel_name", "cutoff", "unique_id"],
    "dev_features.scaling": ["panel_name", "cutoff", "feature_name"],
    "dev_features.hierarchy": ["panel_name", "level", "unique_id"],
    "dev_features.feature_catalog": ["panel_name", "feature_name", "relation_name"],
    "dev_features.revisions": ["panel_name", "unique_id", "ds", "revised_on", "reason"],
}


def vars_at(as_of: str, **others: Any) -> dict[str, Any]:
    business = default_vars()["business"] | {"as_of": f"{as_of} 00:00:00"}
    return {"business": business, **others}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop.simulated(tmp_path_factory.mktemp("raw"), seed=5)


@pytest.fixture(scope="module")
def grown(raw: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Built on one day, on the next, and a week later with an old record corrected."""
    shop = raw.copy(tmp_path_factory.mktemp("grown"))
    shop.run(BUILT, vars_at("2025-05-25"))
    shop.run(BUILT, vars_at("2025-05-26"))
    # far beyond the late-arrival window, of inputs without a record time
    shop.change(
        "update raw.inventory set on_hand = 0 where snapshot_on between '2024-10-01' "
        "and '2024-10-05'",
        "insert into raw.closures (ds, name) values (date '2024-11-13', 'flood')",
    )
    shop.run(BUILT, vars_at("2025-06-03"))
    return shop


def full(shop: Shop, folder: Path, values: dict[str, Any]) -> Shop:
    """The same raw tables, built at once."""
    fresh = shop.copy(folder)
    fresh.change("drop schema dev_features cascade", "drop schema dev_intermediate cascade")
    fresh.run(BUILT, values)
    return fresh


def differences(one: Shop, other: Shop) -> str:
    """To the last bit: what differs there trains anew."""
    with Comparison(one.warehouse, other.warehouse) as comparison:
        found = [
            line
            for table, keys in TABLES.items()
            for line in comparison.differences(table, keys, exact=True)
        ]
    return "\n".join(found)


def test_incremental_equals_full(grown: Shop, tmp_path: Path) -> None:
    fresh = full(grown, tmp_path, vars_at("2025-06-03"))
    assert not differences(grown, fresh)


def test_a_second_build_changes_nothing(grown: Shop, tmp_path: Path) -> None:
    again = grown.copy(tmp_path)
    again.run(BUILT, vars_at("2025-06-03"))
    assert not differences(again, grown)


def test_changed_settings_rebuild_the_whole_panel(grown: Shop, tmp_path: Path) -> None:
    changed = vars_at("2025-06-03", outliers={"method": "iqr", "threshold": 1.5, "periods": 60})
    rebuilt = grown.copy(tmp_path / "rebuilt")
    rebuilt.run(BUILT, changed)
    with Comparison(rebuilt.warehouse, grown.warehouse) as comparison:
        columns = ["y_train", "mean_short"]
        keys = TABLES["dev_features.panel"]
        assert comparison.differences("dev_features.panel", keys, columns)
    fresh = full(grown, tmp_path / "fresh", changed)
    assert not differences(rebuilt, fresh)


def test_a_panel_of_another_version_is_named_with_the_remedy(grown: Shop, tmp_path: Path) -> None:
    older = grown.copy(tmp_path)
    older.change(
        "alter table dev_features.panel rename column is_market_trend_imputed to is_market_imputed"
    )
    command = ["run", "--select", "panel"]
    done = attempt(older.warehouse, *command, values=vars_at("2025-06-03"))
    assert not done.success
    said = " ".join(messages(done).split())
    assert "its columns differ in is_market_trend_imputed, is_market_imputed" in said
    assert "--full-refresh" in said
    assert attempt(
        older.warehouse, *command, "--full-refresh", values=vars_at("2025-06-03")
    ).success
