from __future__ import annotations

import pytest

from forecaster import run
from forecaster.errors import BAD_INPUT, ForecastError
from tests.conftest import execute


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("alter table {} drop column yhat_lower", "column yhat_lower is missing"),
        ("alter table {} alter yhat type varchar", "column yhat is VARCHAR, not DOUBLE"),
        ("alter table {} add column note varchar", "column note is not in its contract"),
        ("drop table {}", "missing"),
    ],
)
def test_tables_altered_by_hand_are_refused(warehouse, change, message):
    execute(warehouse, change.format("dev_forecasts.predictions"))
    with pytest.raises(ForecastError, match=message) as error:
        run.train(warehouse.project, model="seasonal_naive")
    assert "predictions" in error.value.message
    assert error.value.exit_code == BAD_INPUT
    assert warehouse.rows("select * from {runs}") == []
