from __future__ import annotations

import pytest

from forecaster import panel_settings
from forecaster.errors import ForecastError


def test_unknown_panel(warehouse):
    with pytest.raises(ForecastError, match="no panel 'big'") as error:
        panel_settings.panels(warehouse, ["big"])
    assert error.value.remedy.startswith("use one of small; ")


def test_panels_of_nodes_come_before_their_parents(warehouse):
    with warehouse.connect(write=True) as connection:
        settings = warehouse.project.relation("settings")
        connection.execute(
            f"insert into {settings} select * replace ('sums' as panel_name, 'small' as nodes_of) "
            f"from {settings}"
        )
    assert [(p.panel_name, p.nodes_of) for p in panel_settings.panels(warehouse)] == [
        ("sums", "small"),
        ("small", None),
    ]
    assert [p.panel_name for p in panel_settings.panels(warehouse, ["small", "sums"])] == [
        "small",
        "sums",
    ]
