"""The mean of several models: each fitted on its own, their forecasts averaged.

Quantiles are averaged level by level (Vincent 1912; Lichtendahl et al. 2013, "Is It Better to
Average Probabilities or Quantiles?", Management Science 59), so that the mixture is as wide as its
members on average, not as wide as they disagree. The weights are those of least squares on the
horizon held out, not negative and of sum 1, drawn towards equal ones: with few origins the best
weights of the past are mostly luck (Bates and Granger 1969; Claeskens et al. 2016).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator, model_validator

from forecaster.config import ModelSettings, model_settings
from forecaster.held_out import HeldOut, held_out_forecasts
from forecaster.models import model_class
from forecaster.models.base import (
    FALLBACK,
    EpochRecord,
    Forecast,
    Learned,
    Model,
    Report,
    load_model,
)
from forecaster.panel import Panel

SCALE_FLOOR = 0.05


class EnsembleSettings(ModelSettings):
    """`members` are models by name, `member_settings` their settings by the same name.

    A weight is `shrinkage` parts equal and the rest what the held-out horizon asks for.
    """

    members: tuple[str, ...] = ("lstm", "linear")
    member_settings: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    shrinkage: float = Field(default=0.5, ge=0, le=1)

    @field_validator("members")
    @classmethod
    def _several(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(names) < 2 or len(set(names)) < len(names) or "ensemble" in names:
            raise ValueError("two or more models, each once, none of them an ensemble")
        return names

    @model_validator(mode="after")
    def _of_members(self) -> EnsembleSettings:
        for name in self.member_settings:
            if name not in self.members:
                raise ValueError(f"member_settings: '{name}' is no member")
        return self


class Ensemble(Model):
    """See the module and `EnsembleSettings`."""

    Settings: ClassVar[type[ModelSettings]] = EnsembleSettings

    def __init__(self, settings: Any = None, run: Any = None) -> None:
        super().__init__(settings, run)
        given = self.settings.member_settings
        self.members = tuple(
            _made(name, given.get(name, {}), self.run) for name in self.settings.members
        )
        self.best_epochs: list[int | None] = [None] * len(self.members)
        self.weights = _equal(len(self.members))
        self.fits_beside = all(member.fits_beside for member in self.members)
        self.reads_derived = any(member.reads_derived for member in self.members)

    def learn(
        self, panel: Panel, held_out: Panel | None, epochs: int | None, report: Report
    ) -> Learned:
        """Every member learns as it would alone; where a horizon is held out, the weights too."""
        history: list[EpochRecord] = []
        if held_out is not None or epochs is None:
            self.best_epochs = [None] * len(self.members)
            self.weights = _equal(len(self.members))
        for i, member in enumerate(self.members):
            member.encoding, member.made_for = panel.encoding, self.made_for
            member.checkpoints = self.checkpoints / member.name if self.checkpoints else None
            learned = member.learn(
                panel, held_out, self.best_epochs[i], _named(report, member.name)
            )
            history += [_of(record, member.name) for record in learned.history]
            if held_out is not None:
                self.best_epochs[i] = learned.best_epoch
        if held_out is not None:
            self.weights = self._fitted_weights(panel, held_out)
        return Learned(history, max(epoch or 1 for epoch in self.best_epochs))

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff; the status is the first member's."""
        mean = np.zeros((panel.n_series, panel.horizon))
        quantiles = np.zeros((panel.n_series, panel.horizon, len(self.levels)))
        status = np.full(panel.n_series, FALLBACK, object)
        for member, weight in zip(self.members, self.weights, strict=True):
            its_mean, its_status, marginals = member.distribution(panel)
            mean += weight * its_mean
            quantiles += weight * marginals.values
            status = np.where(status == FALLBACK, its_status, status)
        return Forecast(mean, quantiles, status)

    def seconds(self, n_series: int, epochs: int | None = None) -> float | None:
        """Those of all members, of which each must know its own."""
        parts = [member.seconds(n_series, epochs) for member in self.members]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    def _fitted_weights(self, panel: Panel, held_out: Panel) -> np.ndarray:
        """(members,) from forecasts of what `held_out` knows after `panel`, from several origins.

        Errors are weighed as those of counts: a squared error over the series' mean demand.
        """
        products = np.zeros((len(self.members), len(self.members)))
        forecasts = [_held_out(member, panel, held_out) for member in self.members]
        for found in zip(*forecasts, strict=True):
            actual = found[0].actual
            known = np.isfinite(actual)
            errors = np.stack([np.where(known, one.mean - actual, 0) for one in found])
            size = np.mean([np.abs(one.mean).mean(axis=1) for one in found], axis=0)
            share = known / (size[:, None] + SCALE_FLOOR)
            products += np.einsum("ist,st,jst->ij", errors, share, errors, optimize=True)
        kept = self.settings.shrinkage
        return kept * _equal(len(products)) + (1 - kept) * least_squares_weights(products)

    def save_state(self, folder: Path) -> None:
        """Every member in a folder of its own."""
        for member in self.members:
            (folder / member.name).mkdir()
            member.save(folder / member.name)
        state = {"weights": self.weights.tolist()}
        (folder / "ensemble.json").write_text(json.dumps(state), encoding="utf-8")

    def load_state(self, folder: Path) -> None:
        """Read what `save_state` wrote."""
        self.members = tuple(load_model(folder / member.name) for member in self.members)
        state = json.loads((folder / "ensemble.json").read_text(encoding="utf-8"))
        self.weights = np.array(state["weights"])


def least_squares_weights(products: np.ndarray) -> np.ndarray:
    """Weights of 0 or more and of sum 1 that make w' P w smallest; `products` (members, members)
    are sums of products of members' errors.

    Members whose weight would be negative leave, the worst first.
    """
    n = len(products)
    weights, used = np.zeros(n), list(range(n))
    ridge = 1e-6 * max(float(np.trace(products)) / n, 1e-12)
    while used:
        part = products[np.ix_(used, used)] + ridge * np.eye(len(used))
        found = np.linalg.solve(part, np.ones(len(used)))
        found /= found.sum()
        if (found >= 0).all():
            weights[used] = found
            break
        used.pop(int(np.argmin(found)))
    return weights


def _held_out(member: Model, panel: Panel, held_out: Panel) -> list[HeldOut]:
    return held_out_forecasts(held_out, panel, lambda cut: member.distribution(cut)[::2])


def _made(name: str, values: Mapping[str, Any], run: Any) -> Model:
    kind = model_class(name)
    return kind(model_settings(kind.Settings, values, name), run)


def _equal(n: int) -> np.ndarray:
    return np.full(n, 1 / n)


def _of(record: EpochRecord, member: str) -> EpochRecord:
    return dataclasses.replace(record, metric_name=f"{member} {record.metric_name}")


def _named(report: Report, member: str) -> Callable[[EpochRecord], None]:
    return lambda record: report(_of(record, member))
