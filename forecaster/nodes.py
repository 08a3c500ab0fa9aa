"""Forecasts of the nodes above a panel's series, and the series' forecasts brought into line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from forecaster.held_out import HeldOut
from forecaster.quantiles import Marginals
from forecaster.reconciliation import LevelVerdict, Weights, learn_weights, reconciled

if TYPE_CHECKING:
    from forecaster.config import RunSettings
    from forecaster.models.base import Model
    from forecaster.panel import Nodes, Panel

SPREAD_LIMIT = 2.0
SPREAD_LEVELS = (np.arange(20) + 0.5) / 20


@dataclasses.dataclass(frozen=True)
class NodeShapes:
    """How the demand of nodes spreads: `mean` (nodes, horizon) and `marginals` of the nodes' own
    model, by how much narrower its reconciled forecasts are (`spread`), and `is_used` (nodes,).

    A node errs about its reconciled mean as it does about its own, only less: the shape comes from
    its own errors on years of origins, the place from the reconciled mean, the width from both.
    """

    mean: np.ndarray
    marginals: Marginals
    spread: float
    is_used: np.ndarray

    def about(self, mean: np.ndarray, rows: np.ndarray) -> Marginals:
        """The distributions of some nodes about other means (rows, horizon) than their own."""
        part = dataclasses.replace(self.marginals, values=self.marginals.values[rows])
        return part.brought(self.mean[rows], mean).stretched(mean, self.spread)


class NodeForecaster:
    """A model of the panel of nodes, how far its forecasts are trusted, and the width of their
    distributions after reconciliation over that before."""

    def __init__(self, model: Model, weights: Weights, spread: float = 1.0) -> None:
        self.model, self.weights, self.spread = model, weights, spread

    @classmethod
    def fitted(
        cls, series_model: Model, panel: Panel, found: Sequence[HeldOut]
    ) -> tuple[Self, list[HeldOut]]:
        """Fit the nodes up to the panel's cutoff. `found` is what the series' model forecast of the
        horizon before it, when it had learned from nothing later; it is given back in line with
        what the nodes' model forecast then. Models of one panel share what was fitted to its
        nodes."""
        assert panel.nodes is not None
        membership, first = panel.nodes.membership, found[0].origin
        model, of_nodes = fitted_nodes(series_model.run, panel, first)
        actual = panel.y[:, first : first + panel.horizon]
        width = actual.shape[1]
        weights = learn_weights(
            membership, found[0].mean[:, :width], of_nodes[0].mean[:, :width], actual
        )
        result = cls(model, weights)
        if not weights.is_used:
            return result, list(found)
        # nodes have a longer past, so that their origins are counted from another period
        since_first = {ahead.origin - of_nodes[0].origin: ahead for ahead in of_nodes}
        found = [one for one in found if one.origin - first in since_first]
        of_nodes = [since_first[one.origin - first] for one in found]
        agreed = [
            dataclasses.replace(one, **result._in_line(panel.nodes, one, ahead.mean))
            for one, ahead in zip(found, of_nodes, strict=True)
        ]
        sums = [membership.sums(one.mean) for one in agreed]
        result.spread = _spread(of_nodes, sums, np.isfinite(weights.node_factor))
        return result, agreed

    def agreed(
        self, panel: Panel, mean: np.ndarray, marginals: Marginals
    ) -> tuple[np.ndarray, Marginals, NodeShapes | None]:
        """A forecast of the series at the panel's cutoff in line with that of the nodes, its
        distribution moved with its mean; and the nodes' distributions."""
        assert panel.nodes is not None
        if not self.weights.is_used:
            return mean, marginals, None
        nodes = panel.nodes.panel.at(panel.cutoff, self.model.encoding)
        ahead, _, of_nodes = self.model.distribution(nodes)
        moved = reconciled(panel.nodes.membership, self.weights, mean, ahead, panel.is_signed)
        is_used = np.isfinite(self.weights.node_factor)
        shapes = NodeShapes(ahead, of_nodes, self.spread, is_used)
        return moved, marginals.brought(mean, moved), shapes

    def _in_line(self, nodes: Nodes, found: HeldOut, ahead: np.ndarray) -> dict[str, Any]:
        is_signed = found.marginals.is_signed
        mean = reconciled(nodes.membership, self.weights, found.mean, ahead, is_signed)
        return {"mean": mean, "marginals": found.marginals.brought(found.mean, mean)}

    def save(self, folder: Path) -> None:
        """Write the nodes' model and the weights into an empty folder."""
        self.model.save(folder)
        np.savez(
            folder / "weights_of_nodes.npz",
            node_factor=self.weights.node_factor,
            series_factor=self.weights.series_factor,
            spread=self.spread,
        )
        verdicts = [
            [v.level, v.n_nodes, float(v.error_of_nodes), float(v.error_of_sums)]
            for v in self.weights.verdicts
        ]
        (folder / "verdicts.json").write_text(json.dumps(verdicts), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        from forecaster.models.base import load_model

        with np.load(folder / "weights_of_nodes.npz", allow_pickle=False) as file:
            factor, series_factor = file["node_factor"], float(file["series_factor"])
            spread = float(file["spread"]) if "spread" in file else 1.0
        text = (folder / "verdicts.json").read_text(encoding="utf-8")
        verdicts = tuple(LevelVerdict(*values) for values in json.loads(text))
        return cls(load_model(folder), Weights(factor, series_factor, verdicts), spread)


def fitted_nodes(run: RunSettings, panel: Panel, first: int) -> tuple[Model, list[HeldOut]]:
    """The model of the nodes up to the panel's cutoff, and what it forecast from period `first` on
    when it had learned from nothing later; fitted once for all who ask for the same."""
    assert panel.nodes is not None
    key = (run.nodes_model, run.seed, run.quantiles, panel.cutoff, first)
    if key not in panel.nodes.fits:
        model = _nodes_model(run)
        fit = model.fit(panel.nodes.panel.at(panel.cutoff), panel.ds[first - 1])
        panel.nodes.fits[key] = model, fit.held_out
    fitted: tuple[Model, list[HeldOut]] = panel.nodes.fits[key]
    return fitted


@contextmanager
def fitted_beside(run: RunSettings, panel: Panel, first: int) -> Iterator[None]:
    """Fit the nodes in a thread: a network does not keep all cores busy. Whoever asks for them
    finds them fitted, or fits them again and meets what went wrong here.

    Two networks would draw from one seed, so that those of nodes wait.
    """
    with ThreadPoolExecutor(1) as beside:
        if _nodes_model(run).fits_beside:
            beside.submit(fitted_nodes, run, panel, first)
        yield


def _nodes_model(run: RunSettings) -> Model:
    from forecaster.work import make_model

    return make_model(run.nodes_model, {"seed": run.seed, "quantiles": run.quantiles})


def _spread(of_nodes: Sequence[HeldOut], sums: Sequence[np.ndarray], is_used: np.ndarray) -> float:
    """Mean error of the reconciled sums (nodes, horizon) over what the nodes' distributions about
    them expect it to be, each over its mean."""
    came = expected = 0.0
    for one, mean in zip(of_nodes, sums, strict=True):
        shapes = NodeShapes(one.mean, one.marginals, 1.0, is_used)
        usable = is_used[:, None] & np.isfinite(one.actual) & (np.abs(mean) > 0)
        draws = shapes.about(mean, np.arange(len(mean))).at(SPREAD_LEVELS)
        size = np.where(usable, np.abs(mean), 1)
        came += float((np.abs(one.actual - mean) / size)[usable].sum())
        expected += float((np.abs(draws - mean[..., None]).mean(-1) / size)[usable].sum())
    found = came / expected if expected > 0 else 1.0
    return float(np.clip(found, 1 / SPREAD_LIMIT, SPREAD_LIMIT))
