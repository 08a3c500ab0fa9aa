"""Which series add up to which node, as codes."""

from __future__ import annotations

import dataclasses

import numpy as np

from forecaster.warehouse import Warehouse


@dataclasses.dataclass(frozen=True)
class Level:
    """One level above the series: `node_ids` (nodes,), and `codes` (series,), the node of each
    series or −1."""

    name: str
    node_ids: np.ndarray
    codes: np.ndarray

    def summed(self, values: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """(nodes, …): sums over the members among `rows`, whose values (rows, …) these are."""
        result = np.zeros((len(self.node_ids), *values.shape[1:]), values.dtype)
        self.add(result, values, rows)
        return result

    def add(self, total: np.ndarray, values: np.ndarray, rows: np.ndarray | slice) -> None:
        """Add the values of some series to the sums of their nodes."""
        codes = self.codes[rows]
        order = np.argsort(codes, kind="stable")
        order = order[codes[order] >= 0]
        if len(order):
            ordered = codes[order]
            first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
            total[ordered[first]] += np.add.reduceat(values[order], first, axis=0)


def read_levels(warehouse: Warehouse, panel_name: str, unique_ids: np.ndarray) -> tuple[Level, ...]:
    """The levels of table `hierarchy` above the series, in the order of their names."""
    with warehouse.connect() as connection:
        table = warehouse.query(
            connection,
            "select level, node_id, unique_id from "
            f"{warehouse.project.relation('hierarchy')} "
            "where panel_name = $panel and level <> 'bottom' order by level, node_id, unique_id",
            panel=panel_name,
        )
    place = {unique_id: i for i, unique_id in enumerate(unique_ids)}
    names = np.array(table["level"].to_pylist(), object)
    nodes = np.array(table["node_id"].to_pylist(), object)
    rows = np.array([place.get(u, -1) for u in table["unique_id"].to_pylist()], np.int64)
    levels = []
    for name in sorted(set(names)):
        part = (names == name) & (rows >= 0)
        node_ids, found = np.unique(nodes[part].astype(str), return_inverse=True)
        codes = np.full(len(unique_ids), -1, np.int64)
        codes[rows[part]] = found
        levels.append(Level(str(name), node_ids.astype(object), codes))
    return tuple(levels)
