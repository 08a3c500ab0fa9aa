from __future__ import annotations

import pytest

from forecaster import run
from forecaster.errors import ForecastError
from tests.test_run import statuses


def test_marts_left_behind_are_refreshed_by_the_next_command(shop, warehouse):
    """The forecast is written and the marts fail: nothing new to train, and yet they follow."""
    mart = shop.folder / "models" / "marts" / "n_forecasts.sql"
    mart.parent.mkdir()
    query = "select count(*) as n from {{ ref('predictions') }}"
    mart.write_text(query + " having error('no luck')")
    with pytest.raises(ForecastError, match="no luck"):
        run.train(shop, model="seasonal_naive")
    assert statuses(warehouse) == ["complete"]
    mart.write_text(query)
    (again,) = run.train(shop, model="seasonal_naive")
    assert again.status == "unchanged"
    shown = shop.relation("n_forecasts")
    with warehouse.connect() as connection:
        assert connection.execute(f"select n from {shown}").fetchone() == (13 * 7 + 12 * 7,)
