"""Which panels and cutoffs there are, as the tables `settings` and `cutoffs` say."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.warehouse import Warehouse


@dataclasses.dataclass(frozen=True)
class PanelSettings:
    """One row of `settings`."""

    panel_name: str
    frequency: str
    horizon: int
    season_length: int
    is_signed: bool
    last_period: dt.date | None
    excluded_period: dt.date | None
    excluded_reason: str | None
    nodes_of: str | None = None


@dataclasses.dataclass(frozen=True)
class Cutoff:
    """One row of `cutoffs`."""

    cutoff: dt.date
    is_live: bool
    is_backtest: bool
    is_validation: bool


def panels(warehouse: Warehouse, wanted: Sequence[str] = ()) -> list[PanelSettings]:
    """The settings of the wanted panels, in that order, or of all: panels of nodes first, for their
    forecasts are what their parents' are reconciled with."""
    columns = ", ".join(field.name for field in dataclasses.fields(PanelSettings))
    found = {
        row["panel_name"]: PanelSettings(**row)
        for row in warehouse.rows(
            f"select {columns} from {{settings}} order by nodes_of is null, panel_name"
        )
    }
    if not found:
        raise ForecastError(
            "table settings has no panel",
            "declare one in the var `panels`, then run `forecast build`",
            BAD_INPUT,
        )
    for name in wanted:
        if name not in found:
            raise ForecastError(
                f"there is no panel '{name}'",
                f"use one of {', '.join(found)}; one declared since needs a `forecast build`",
                BAD_INPUT,
            )
    return [found[name] for name in (wanted or found)]


def nodes_panel(warehouse: Warehouse, panel_name: str) -> PanelSettings | None:
    """The panel whose series are the nodes above a panel's series, if one is declared."""
    found = [panel for panel in panels(warehouse) if panel.nodes_of == panel_name]
    return found[0] if found else None


def cutoffs(warehouse: Warehouse, panel_name: str) -> list[Cutoff]:
    """The cutoffs of a panel, oldest first."""
    rows = warehouse.rows(
        "select cutoff, is_live, is_backtest, is_validation from {cutoffs} "
        "where panel_name = $panel order by cutoff",
        panel=panel_name,
    )
    return [Cutoff(**row) for row in rows]


def size(warehouse: Warehouse, panel_name: str) -> tuple[int, int]:
    """Series of a panel, and its rows: periods that are over."""
    (row,) = warehouse.rows(
        "select count(distinct unique_id) as n_series, count(y) as n_rows "
        "from {panel_extended} where panel_name = $panel",
        panel=panel_name,
    )
    return row["n_series"], row["n_rows"]
