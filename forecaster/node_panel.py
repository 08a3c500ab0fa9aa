"""The panel of nodes above a panel's series, read from boundary 1."""

from __future__ import annotations

import numpy as np

from forecaster import features, panel_settings
from forecaster.panel import Nodes, Panel
from forecaster.reconciliation import Membership
from forecaster.warehouse import Warehouse


def read_nodes(warehouse: Warehouse, panel: Panel, with_derived: bool) -> Nodes | None:
    """The nodes above the panel's series, or None where no panel of them is declared."""
    above = panel_settings.nodes_panel(warehouse, panel.name)
    if above is None:
        return None
    nodes = features.read_panel(warehouse, above, with_derived=with_derived)
    rows = warehouse.rows(
        "select unique_id, level, node_id from {series} where panel_name = $panel",
        panel=above.panel_name,
    )
    place = {name: i for i, name in enumerate(nodes.unique_ids)}
    at = {(row["level"], row["node_id"]): place[row["unique_id"]] for row in rows}
    levels = np.full(nodes.n_series, "", object)
    pairs, places = [], {}
    for level in panel.levels:
        of_code = np.array([at.get((level.name, node), -1) for node in level.node_ids], np.int64)
        levels[of_code[of_code >= 0]] = level.name
        places[level.name] = of_code
        known = np.flatnonzero(level.codes >= 0)
        parents = of_code[level.codes[known]]
        pairs.append(np.stack([parents[parents >= 0], known[parents >= 0]]))
    if not sum(pair.shape[1] for pair in pairs):
        return None
    parents, members = np.concatenate(pairs, axis=1)
    shape = (nodes.n_series, panel.n_series)
    return Nodes(nodes, Membership.of(parents, members, shape, levels), places)
