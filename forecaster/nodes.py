"""Forecasts of the nodes above a panel's series, and the series' forecasts brought into line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from forecaster.reconciliation import LevelVerdict, Weights, learn_weights, reconciled

if TYPE_CHECKING:
    from forecaster.models.base import Forecast, Model
    from forecaster.panel import Panel


class NodeForecaster:
    """A model of the panel of nodes, and how far its forecasts are trusted."""

    def __init__(self, model: Model, weights: Weights) -> None:
        self.model, self.weights = model, weights

    @classmethod
    def fitted(
        cls, series_model: Model, panel: Panel, origin: np.datetime64, early: np.ndarray
    ) -> Self:
        """Fit the nodes up to the panel's cutoff; `early` (series, horizon) is what the series'
        model forecast at `origin`, one horizon before, when it had learned from nothing later.
        """
        from forecaster.work import make_model

        assert panel.nodes is not None
        run = series_model.run
        model = make_model(run.nodes_model, {"seed": run.seed, "quantiles": run.quantiles})
        nodes = panel.nodes.panel.at(panel.cutoff)
        fit = model.fit(nodes, origin)
        assert fit.validation is not None
        first = panel.index_of(origin) + 1
        actual = panel.y[:, first : first + panel.horizon]
        width = actual.shape[1]
        weights = learn_weights(
            panel.nodes.membership, early[:, :width], fit.validation.mean[:, :width], actual
        )
        return cls(model, weights)

    def agreed(self, panel: Panel, forecast: Forecast, levels: np.ndarray) -> Forecast:
        """A forecast of the series at the panel's cutoff, its distribution scaled with its mean."""
        assert panel.nodes is not None
        forecast = dataclasses.replace(forecast, verdicts=self.weights.verdicts)
        if not self.weights.is_used:
            return forecast
        nodes = panel.nodes.panel.at(panel.cutoff, self.model.encoding)
        ahead = self.model.predict(nodes).mean
        mean = reconciled(
            panel.nodes.membership, self.weights, forecast.mean, ahead, panel.is_signed
        )
        if panel.is_signed:
            return forecast.moved(mean - forecast.mean, levels)
        factor = np.divide(mean, forecast.mean, out=np.ones_like(mean), where=forecast.mean > 0)
        return forecast.scaled(factor, levels)

    def save(self, folder: Path) -> None:
        """Write the nodes' model and the weights into an empty folder."""
        self.model.save(folder)
        np.savez(
            folder / "weights_of_nodes.npz",
            node_factor=self.weights.node_factor,
            series_factor=self.weights.series_factor,
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
        text = (folder / "verdicts.json").read_text(encoding="utf-8")
        verdicts = tuple(LevelVerdict(*values) for values in json.loads(text))
        return cls(load_model(folder), Weights(factor, series_factor, verdicts))
