"""Least squares: demand as a weighted sum of features, exactly explainable.

y = W0 + W1 x1 + … over the panel's features, with the identity link, or the same of log demand. The
log link is fitted by iteratively reweighted least squares with the variance function of a Poisson
(quasi-likelihood: Wedderburn, Biometrika 1974; McCullagh & Nelder, Generalized Linear Models, ch.
9), so the mean is estimated, never the median of log demand. A base (level × profile × year-ago
index) enters with coefficient 1, and ridge shrinks the rest towards nothing: towards the base.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from forecaster.config import Choice, Range
from forecaster.design import Design, Rows, training_origins
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.least_squares import NormalEquations
from forecaster.models.base import EpochRecord, Forecast, Learned, Model, Report, history_status
from forecaster.panel import Panel
from forecaster.residuals import ResidualQuantiles, Spread, step_class
from forecaster.sample import sample
from forecaster.signals import Signals, SignalSettings
from forecaster.training import watched_series

STRENGTHS = (1e-4, 1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
DEFAULT_STRENGTH = 4  # the number of the strength that is used without a validation, from 1
PRIOR_PATHS = 500.0  # weight of the base alone, in horizons of a series, beside what is learned
FOLDS = 4
LOWEST, HIGHEST = -4.0, 3.0  # of the log link's correction, as a network's
SIZE_CLASSES = 12
ERRORS_OF_A_CLASS = 400
# Of one core (x86-64, 2026): a row in a fit and its refit, a series in forecasts of what is held
# out. A horizon is not known before the panel is read and counts as a month of days.
SECONDS_A_ROW, STEPS, SECONDS_A_SERIES = 1.2e-5, 28, 3.6e-4


class LinearSettings(SignalSettings):
    """`link`: identity, log, or auto (log unless demand is signed, which has no logarithm).

    At most `origins` origins of the last `years` are learned from, and at most `max_rows` rows
    (series × origins × steps): of more, a random sample of the series. A row weighs its series'
    scale to the power `scale_power`: with 1 totals decide, with 0 every series counts alike.
    `iterations` are those of the log link.
    """

    search: ClassVar[Mapping[str, Range | Choice]] = {
        "link": Choice(("auto", "identity")),
        "origins": Choice((4, 8, 16)),
        "scale_power": Range(0.0, 1.5),
    }

    link: Literal["auto", "identity", "log"] = "auto"
    origins: int = Field(default=8, ge=1)
    years: float = Field(default=3.0, gt=0)
    max_rows: int = Field(default=500_000, ge=1000)
    scale_power: float = Field(default=1.0, ge=0, le=2)
    iterations: int = Field(default=4, ge=1)
    group: str | None = None


class Linear(Model):
    """See the module and `LinearSettings`."""

    Settings = LinearSettings
    reads_derived = False
    fits_beside = True

    def __init__(self, settings: Any = None, run: Any = None) -> None:
        super().__init__(settings, run)
        self.names: list[str] = []
        self.coefficients = np.zeros(0)
        self.is_log = self.is_signed = False
        self.group: str | None = None
        self.total_factor = 1.0
        self.spread = Spread()
        self.residuals = ResidualQuantiles(np.zeros(0), self.levels)

    def learn(
        self, panel: Panel, held_out: Panel | None, epochs: int | None, report: Report
    ) -> Learned:
        """Fit the coefficients; an epoch is one strength of ridge, from weak to strong.

        The strengths are all solved from the same sums. With a validation the one of the smallest
        loss is taken, else number `epochs`.
        """
        panel = panel.without_derived()
        self.encoding, self.group = panel.encoding, self.settings.group
        self.is_log, self.is_signed = self._link(panel), panel.is_signed
        begun = time.monotonic()
        signals = Signals(self.settings, panel, self.group)
        design = Design(signals, self.is_log)
        self.names = design.names
        origins, rows = self._training_rows(signals)
        folds = np.arange(len(origins)) * FOLDS // len(origins)
        fold_of = dict(zip(origins.tolist(), folds.tolist(), strict=True))
        sums = self._fitted_sums(design, rows, origins, fold_of)
        learned = Learned([], epochs or DEFAULT_STRENGTH)
        if held_out is not None:
            learned = self._strength_path(design, sums, held_out, begun, report)
        strength = STRENGTHS[(learned.best_epoch or 1) - 1]
        self.coefficients = sums.solve(strength)
        apart = [sums.solve(strength, without=k) for k in range(int(folds.max()) + 1)]
        self._learn_errors(design, rows, origins, lambda part: apart[fold_of[part.origin[0]]])
        return learned

    def seconds(self, n_series: int, epochs: int | None = None) -> float | None:  # noqa: ARG002
        """See `Model`."""
        rows = min(n_series * self.settings.origins * STEPS, self.settings.max_rows)
        return rows * SECONDS_A_ROW + n_series * SECONDS_A_SERIES

    def _link(self, panel: Panel) -> bool:
        link = self.settings.link
        if link == "log" and panel.is_signed:
            raise ForecastError(
                f"panel '{panel.name}' is signed, and the log link is for demand of 0 or more",
                "use --set link=identity, or leave it out",
                BAD_INPUT,
            )
        return link == "log" or (link == "auto" and not panel.is_signed)

    def _training_rows(self, signals: Signals) -> tuple[np.ndarray, np.ndarray]:
        """Origins, and the series that began, or a sample of them that keeps to `max_rows`."""
        s, panel = self.settings, signals.panel
        origins = training_origins(panel, signals.context, s.origins, s.years, signals.year)
        started = np.flatnonzero(np.isfinite(signals.y).any(axis=1))
        started = started if len(started) else np.arange(panel.n_series)
        most = max(s.max_rows // (len(origins) * panel.horizon), 1)
        return origins, sample(started, most, self.run.seed)

    def _fitted_sums(
        self, design: Design, rows: np.ndarray, origins: np.ndarray, fold_of: dict[int, int]
    ) -> NormalEquations:
        """The normal equations at the last iteration, by fold.

        The log link's first iterations look at a sixteenth of the series: they only have to come
        near.
        """
        n_folds = max(fold_of.values()) + 1
        self.coefficients = np.zeros(len(design.names))
        strength = STRENGTHS[DEFAULT_STRENGTH - 1]
        prior = PRIOR_PATHS * design.signals.panel.horizon
        iterations = self.settings.iterations if self.is_log else 1
        few = sample(rows, len(rows) // 16, self.run.seed) if len(rows) >= 16 * 256 else rows
        for iteration in range(iterations):
            is_last = iteration == iterations - 1
            near = rows if iteration >= iterations - 2 else few
            sums = NormalEquations(len(design.names), n_folds if is_last else 1, prior)
            for part in design.chunks(near, origins):
                self._add(sums, part, fold_of[part.origin[0]] if is_last else 0)
            if not is_last:
                self.coefficients = sums.solve(strength)
        return sums

    def _add(self, sums: NormalEquations, part: Rows, fold: int) -> None:
        known = np.isfinite(part.y) & (part.active > 0)
        y = np.where(known, part.y, 0) / part.scale
        weight = known * part.scale**self.settings.scale_power
        x = part.columns.matrix()
        if not self.is_log:
            sums.add(x, y - part.offset, weight, fold)
            return
        correction = np.clip(part.columns.times(self.coefficients), LOWEST, HIGHEST)
        mean = np.exp(part.offset + correction)
        sums.add(x, correction + (y - mean) / mean, weight * mean, fold)

    def _strength_path(
        self,
        design: Design,
        sums: NormalEquations,
        held_out: Panel,
        begun: float,
        report: Report,
    ) -> Learned:
        """Every strength's loss on the last origin known and on the validation."""
        signals = design.signals
        end, horizon = signals.panel.n_periods, signals.panel.horizon
        actual = np.where(held_out.stocked_out > 0, np.nan, held_out.y)
        solved = [sums.solve(strength) for strength in STRENGTHS]
        history, losses = [], []
        before = max(end - horizon, 1)
        train = self._losses(design, solved, before, actual[:, before:end])
        validation = self._losses(design, solved, end, actual[:, end : end + horizon])
        seconds = (time.monotonic() - begun) / len(STRENGTHS)
        for epoch, (seen, unseen) in enumerate(zip(train, validation, strict=True), 1):
            for split, value in (("train", seen), ("validation", unseen)):
                if not np.isfinite(value):
                    raise ForecastError(
                        f"the {split} loss of ridge strength {STRENGTHS[epoch - 1]} is {value}",
                        "look for extreme values among the panel's features (table scaling)",
                    )
                history.append(EpochRecord(epoch, split, "loss", value, seconds))
                report(history[-1])
            losses.append(unseen)
        return Learned(history, int(np.argmin(losses)) + 1)

    def _losses(
        self, design: Design, solved: list[np.ndarray], origin: int, actual: np.ndarray
    ) -> list[float]:
        """Mean RMSSE of active series plus WAPE of their horizon totals, for each solution."""
        horizon, width = design.signals.panel.horizon, actual.shape[1]
        n_series, volume = 0, 0.0
        relative, wrong = np.zeros(len(solved)), np.zeros(len(solved))
        watched = watched_series(design.signals.panel, self.run.seed)
        for part in design.chunks(watched, np.array([origin])):
            y = actual[part.series[::horizon]]
            counted = (part.active[::horizon] > 0) & np.isfinite(y).any(1)
            known = np.isfinite(y[counted])
            y = np.where(known, y[counted], 0)
            deviation = part.deviation[::horizon][counted]
            n_series += len(y)
            volume += float(np.abs(y).sum())
            for k, coefficients in enumerate(solved):
                mean = self._mean(part, coefficients).reshape(-1, horizon)[counted, :width]
                error = (mean - y) * known
                square = (error**2).sum(1) / np.maximum(known.sum(1), 1)
                relative[k] += (np.sqrt(square) / deviation).sum()
                wrong[k] += np.abs(error.sum(1)).sum()
        return list(relative / max(n_series, 1) + wrong / max(volume, 1e-9))

    def _mean(self, part: Rows, coefficients: np.ndarray) -> np.ndarray:
        """(rows,) in natural units, before totals are held to their level."""
        correction = part.columns.times(coefficients)
        if self.is_log:
            return part.scale * np.exp(part.offset + np.clip(correction, LOWEST, HIGHEST))
        mean = part.scale * (part.offset + correction)
        return mean if self.is_signed else np.maximum(mean, 0)

    def _learn_errors(
        self,
        design: Design,
        rows: np.ndarray,
        origins: np.ndarray,
        coefficients_of: Callable[[Rows], np.ndarray],
    ) -> None:
        """Spread and quantiles of the errors, and the factor of the total.

        Every block of origins is forecast by coefficients that have not seen it.
        """
        panel = design.signals.panel
        is_count = panel.is_count
        rng = np.random.default_rng(self.run.seed)
        self.spread, sizes = Spread(), []
        sold = forecast = 0.0

        def errors() -> Any:
            for part in design.chunks(rows, origins):
                known = np.isfinite(part.y) & (part.active > 0)
                mean = self._mean(part, coefficients_of(part))[known]
                steps = step_class(part.step[known], panel.horizon)
                yield part.y[known], mean, self._size(part, mean, known), part, known, steps

        for y, mean, size, part, known, _ in errors():
            self.spread.add(y - mean, size, part.deviation[known])
            sizes.append(size[:: 1 + len(size) // 512])
            sold, forecast = sold + float(y.sum()), forecast + float(mean.sum())
        self.spread.solve()
        is_positive = not panel.is_signed and sold > 0 and forecast > 0
        self.total_factor = sold / forecast if is_positive else 1.0
        some = np.concatenate([np.zeros(1), *sizes])
        classes = int(np.clip(len(rows) * len(origins) // ERRORS_OF_A_CLASS, 1, SIZE_CLASSES))
        edges = np.unique(np.quantile(some, np.arange(1, classes) / classes))
        self.residuals = ResidualQuantiles(edges, self.levels)
        for y, mean, size, part, known, steps in errors():
            jitter = rng.random(len(y)) if is_count else 0.0
            error = (y + jitter - mean) / self.spread.of(size, part.deviation[known])
            self.residuals.add(error, size, steps)
        self.residuals.solve()

    def _size(self, part: Rows, mean: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        """What the spread of an error grows with: the mean, or the scale where means are signed."""
        return part.scale[rows] if self.is_signed else np.maximum(mean, 1e-6)

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff."""
        panel = panel.without_derived()
        signals = Signals(self.settings, panel, self.group)
        design = Design(signals, self.is_log)
        mean = np.zeros((panel.n_series, panel.horizon))
        quantiles = np.zeros((panel.n_series, panel.horizon, len(self.levels)))
        for part in design.chunks(np.arange(panel.n_series), np.array([panel.n_periods])):
            series, step = part.series, part.step
            value = self._mean(part, self.coefficients) * self.total_factor
            if not panel.is_signed:
                # the sums leave out series that no longer sell: of those no mean was learned
                value *= part.active > 0
            size = self._size(part, value, slice(None))
            spread = self.spread.of(size, part.deviation)
            around = self.residuals.of(size, step_class(step, panel.horizon))
            mean[series, step] = value
            quantiles[series, step] = value[:, None] + around * spread[:, None]
        return Forecast(mean, quantiles, history_status(panel, signals.context))

    def save_state(self, folder: Path) -> None:
        """The coefficients beside their names, and the errors' distribution."""
        np.savez(
            folder / "linear.npz",
            names=np.array(self.names),
            coefficients=self.coefficients,
            spread=self.spread.parts,
            edges=self.residuals.edges,
            centres=self.residuals.centres,
            table=self.residuals.table,
        )
        state = {
            "is_log": self.is_log,
            "is_signed": self.is_signed,
            "group": self.group,
            "total_factor": self.total_factor,
        }
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")

    def load_state(self, folder: Path) -> None:
        """Read what `save_state` wrote."""
        with np.load(folder / "linear.npz", allow_pickle=False) as file:
            self.names = [str(name) for name in file["names"]]
            self.coefficients, self.spread.parts = file["coefficients"], file["spread"]
            self.residuals = ResidualQuantiles(file["edges"], self.levels)
            self.residuals.centres, self.residuals.table = file["centres"], file["table"]
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        self.is_log, self.is_signed = bool(state["is_log"]), bool(state["is_signed"])
        self.group, self.total_factor = state["group"], float(state["total_factor"])
