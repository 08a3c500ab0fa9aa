"""What the yml of the package and of the examples says of columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in [ROOT / "dbt_project", *(ROOT / "examples").iterdir()]
    for part in ("models", "seeds")
    for path in (folder / part).rglob("*.yml")
)
ENTRY = {"name", "description", "data_type", "config", "constraints", "data_tests"}


def tables(path: Path) -> Iterator[dict[str, Any]]:
    """Models, seeds and the tables of sources."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for kind in ("models", "seeds"):
        yield from content.get(kind, [])
    for source in content.get("sources", []):
        yield from source["tables"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_column_is_described_and_nothing_else_is_said_of_it(path: Path) -> None:
    """A comma that is not quoted ends a description, and what follows becomes a key."""
    for table in tables(path):
        for column in table.get("columns", []):
            place = f"{table['name']}.{column['name']}"
            assert set(column) <= ENTRY, place
            assert column.get("description"), place


def test_what_the_forecaster_reads_is_described_as_the_panel() -> None:
    """Of the yml of panel_extended no role is read: each column would count twice."""
    path = ROOT / "dbt_project" / "models" / "features" / "panel.yml"
    named = {table["name"]: table["columns"] for table in tables(path)}
    assert named["panel_extended"] == named["panel"]
    assert len(named["panel"]) > 60
    macro = ROOT / "dbt_project" / "macros" / "panels" / "get_features.sql"
    assert "['warehouse_forecaster', 'panel', 'panel_extended']" in macro.read_text("utf-8")
