"""Holidays by their names, as the places of each series have them."""

from __future__ import annotations

import dataclasses
from typing import Self

import numpy as np

from forecaster.warehouse import Warehouse


@dataclasses.dataclass(frozen=True)
class Holidays:
    """Which holidays fall on which periods, for groups of places that share a calendar.

    `group` (series,) is the group of each series, −1 where none is known. The rows: `row_group`,
    `period`, `name` (a code of `names`) and `share`, the part of the group's places that has it.
    """

    names: tuple[str, ...]
    group: np.ndarray
    row_group: np.ndarray
    period: np.ndarray
    name: np.ndarray
    share: np.ndarray

    def before(self, period: int) -> Self:
        """Without the rows from `period` on."""
        kept = self.period < period
        return dataclasses.replace(
            self,
            row_group=self.row_group[kept],
            period=self.period[kept],
            name=self.name[kept],
            share=self.share[kept],
        )

    @property
    def present(self) -> tuple[str, ...]:
        """The names that have a row."""
        return tuple(self.names[code] for code in np.unique(self.name))

    def calendar(self, group: int, names: tuple[str, ...], n_periods: int) -> np.ndarray:
        """(periods, names) of one group: the share of its places with the holiday."""
        result = np.zeros((n_periods, len(names)), np.float32)
        code = {name: i for i, name in enumerate(names)}
        column = np.array([code.get(name, -1) for name in self.names], np.int64)
        mine = (self.row_group == group) & (self.period >= 0) & (self.period < n_periods)
        mine &= column[self.name] >= 0
        result[self.period[mine], column[self.name[mine]]] = self.share[mine]
        return result


def read_holidays(warehouse: Warehouse, panel_name: str, ids: np.ndarray, first: int) -> Holidays:
    """Those of a panel: `ids` (series,) in its order, `first` the `period_index` it begins with."""
    with warehouse.connect() as connection:
        rows = warehouse.query(
            connection,
            "select place_group, period_index, name, share "
            f"from {warehouse.project.relation('named_holidays')} "
            "where panel_name = $panel order by place_group, period_index, name",
            panel=panel_name,
        )
        series = warehouse.query(
            connection,
            "select unique_id, place_group "
            f"from {warehouse.project.relation('series')} where panel_name = $panel",
            panel=panel_name,
        )
    groups, row_group = np.unique(_texts(rows["place_group"]), return_inverse=True)
    names, name = np.unique(_texts(rows["name"]), return_inverse=True)
    place = {group: i for i, group in enumerate(groups)}
    of_series = dict(
        zip(series["unique_id"].to_pylist(), series["place_group"].to_pylist(), strict=True)
    )
    return Holidays(
        names=tuple(str(one) for one in names),
        group=np.array([place.get(of_series.get(one), -1) for one in ids], np.int64),
        row_group=row_group,
        period=rows["period_index"].to_numpy() - first,
        name=name,
        share=rows["share"].to_numpy().astype(np.float32),
    )


def _texts(column: object) -> np.ndarray:
    return np.array(column.to_pylist(), str)  # type: ignore[attr-defined]
