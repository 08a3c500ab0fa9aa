"""Each series' own least squares: for few series with long histories, such as nodes of a hierarchy.

y = base + size × (W0 + W1 x1 + …), with weights of the series' own. They are pulled to those that
suit all series at once (partial pooling: Gelman & Hill, Data Analysis Using Regression, ch. 12),
and these to zero: a forecast to its base, level × seasonal profile. Many origins of the past are
learned from, the recent ones most (Hyndman & Athanasopoulos, Forecasting: Principles and Practice,
3rd ed., ch. 7, for regression with calendar effects).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from forecaster.config import Choice, ModelSettings, Range
from forecaster.least_squares import RidgeSums
from forecaster.local_design import FLOOR, LocalDesign, LocalRows
from forecaster.models.base import Forecast, Learned, Model, Report, history_status
from forecaster.panel import Panel
from forecaster.sample import sample
from forecaster.seasonal import JITTER_MEAN

FOLDS = 4
MOST_POOLED, LEAST_POOLED = 500, 20  # series whose sums are pooled, and kept meanwhile
KEPT_BYTES = 1 << 28  # by these sums
STEP_CLASSES = 4
RECENT_YEARS = 2  # whose errors make the quantiles
LEAST_ORIGINS = 8
SECONDS_A_ROW = 1.4e-6  # of one core (x86-64, 2026): an origin and step of a series
STEPS = 28  # a horizon is not known before the panel is read: a month of days
BOUND = 8.0  # sizes that a forecast may be from its base


class LinearLocalSettings(ModelSettings):
    """`strength` says how far a series' weights are pulled to those of all series: so many
    repetitions of a period weigh as much as they do; `pooled_strength` the same of the pull of
    these to zero.

    At most `origins` origins of a series are learned from, evenly spread; an origin counts half as
    much as one `half_life` years later.
    """

    search: ClassVar[Mapping[str, Range | Choice]] = {
        "strength": Range(0.1, 10.0, log=True),
        "origins": Choice((80, 160, 320)),
        "half_life": Range(0.5, 6.0, log=True),
    }

    strength: float = Field(default=1.5, gt=0)
    pooled_strength: float = Field(default=0.2, gt=0)
    origins: int = Field(default=160, ge=8)
    half_life: float = Field(default=1.2, gt=0)


class LinearLocal(Model):
    """See the module and `LinearLocalSettings`. A series of which too little is known has the
    weights of all."""

    Settings = LinearLocalSettings
    reads_derived = False
    fits_beside = True

    def __init__(self, settings: Any = None, run: Any = None) -> None:
        super().__init__(settings, run)
        self.names: list[str] = []
        self.unique_ids: list[str] = []
        self.holidays: tuple[str, ...] = ()  # that had been seen; another has no effect
        self.weights = np.zeros((0, 0), np.float32)  # (series, columns)
        self.pooled = np.zeros(0, np.float32)  # (columns,)
        self.errors = np.zeros((0, STEP_CLASSES, 0), np.float32)  # (series, classes, levels)

    def learn(
        self,
        panel: Panel,
        held_out: Panel | None,  # noqa: ARG002
        epochs: int | None,  # noqa: ARG002
        report: Report,  # noqa: ARG002
    ) -> Learned:
        """Solve the normal equations of all, then each series'; nothing is chosen on the
        validation."""
        panel = panel.without_derived()
        self.encoding = panel.encoding
        seen = panel.holidays and panel.holidays.before(panel.n_periods)
        self.holidays = seen.present if seen else ()
        design = self._design(panel)
        rng = np.random.default_rng(self.run.seed)
        self.names, self.unique_ids = design.names, [str(name) for name in panel.unique_ids]
        origins_of = dict(self._training_origins(design))
        size = 4 * FOLDS * len(self.names) ** 2
        most = int(np.clip(KEPT_BYTES // size, LEAST_POOLED, MOST_POOLED))
        pooled = sample(np.array(list(origins_of), np.int64), most, self.run.seed)
        sums = {series: self._sums(design, series, origins_of[series]) for series in pooled}
        prior, apart = self._priors(list(sums.values()))
        self.pooled = prior.astype(np.float32)
        self.weights = np.tile(self.pooled, (panel.n_series, 1))
        self.errors = np.full((panel.n_series, STEP_CLASSES, len(self.levels)), np.nan, np.float32)
        for series, origins in origins_of.items():
            own = sums.pop(series, None) or self._sums(design, series, origins)
            strength = self.settings.strength
            self.weights[series] = own.solve(strength, prior)
            unseen = [own.solve(strength, of_all, k) for k, of_all in enumerate(apart)]
            self.errors[series] = self._errors(design, series, origins, unseen, rng)
        usual = np.median(self.errors[list(origins_of)], axis=0) if origins_of else 0.0
        self.errors = np.where(np.isnan(self.errors), usual, self.errors).astype(np.float32)
        return Learned()

    def seconds(self, n_series: int, epochs: int | None = None) -> float | None:  # noqa: ARG002
        """See `Model`."""
        return 2 * n_series * self.settings.origins * STEPS * SECONDS_A_ROW

    def forecast(self, panel: Panel) -> Forecast:
        """The horizon after the panel's cutoff."""
        panel = panel.without_derived()
        design = self._design(panel)
        origin = np.array([panel.n_periods])
        place = {name: i for i, name in enumerate(self.unique_ids)}
        usual = np.median(self.errors, axis=0) if len(self.errors) else 0.0
        classes = np.arange(panel.horizon) * STEP_CLASSES // panel.horizon
        mean = np.zeros((panel.n_series, panel.horizon), np.float32)
        quantiles = np.zeros((*mean.shape, len(self.levels)), np.float32)
        for series, name in enumerate(panel.unique_ids):
            rows = design.rows(series, origin)
            known = place.get(str(name))
            weights = self.pooled if known is None else self.weights[known]
            mean[series] = _predicted(rows, weights, panel.is_signed)[0]
            spread = usual if known is None else self.errors[known]
            centre = mean[series] + (JITTER_MEAN if panel.is_count else 0)
            errors = np.broadcast_to(spread, (STEP_CLASSES, len(self.levels)))[classes]
            quantiles[series] = centre[:, None] + rows.size[0] * errors
        return Forecast(mean, quantiles, history_status(panel, design.middle + panel.horizon))

    def _design(self, panel: Panel) -> LocalDesign:
        """Where holidays are known by name, what sums them up is one column too many of each."""
        return LocalDesign(panel.without_summaries() if self.holidays else panel, self.holidays)

    def _training_origins(self, design: LocalDesign) -> Iterator[tuple[int, np.ndarray]]:
        """(series, origins) of the series that have enough of a past."""
        panel = design.panel
        last = panel.n_periods - max(panel.horizon // 4, 1)
        for series in range(panel.n_series):
            first = int(panel.start[series]) + design.middle
            if not np.isfinite(design.y[series, first:]).any() or last - first < LEAST_ORIGINS:
                continue
            count = min(self.settings.origins, last - first + 1)
            yield series, np.unique(np.linspace(first, last, count).astype(int))

    def _priors(self, sums: list[RidgeSums]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Weights (columns,) that suit all series, and those without each fold of origins."""
        nothing = np.zeros(len(self.names))
        if not sums:
            return nothing, [nothing] * FOLDS
        strength, mean = self.settings.pooled_strength, RidgeSums.mean(sums)
        apart = [mean.solve(strength, nothing, fold) for fold in range(FOLDS)]
        return mean.solve(strength, nothing), apart

    def _sums(self, design: LocalDesign, series: int, origins: np.ndarray) -> RidgeSums:
        rows = design.rows(series, origins)
        half_life = self.settings.half_life * design.year
        recency = 0.5 ** ((origins[-1] - origins) / half_life)
        known = np.isfinite(rows.y)
        target = np.where(known, rows.y - rows.base, 0) / rows.size[:, None]
        # where nothing has been sold of late, demand is no multiple of anything
        weight = known * (recency * (rows.size > FLOOR))[:, None]
        n_columns = rows.x.shape[-1]
        gram = np.zeros((FOLDS, n_columns, n_columns), np.float32)
        moment = np.zeros((FOLDS, n_columns), np.float32)
        folds = _fold_of(origins)
        for fold in range(FOLDS):
            part = folds == fold
            x = rows.x[part].reshape(-1, n_columns)
            root = np.sqrt(weight[part]).reshape(-1).astype(np.float32)
            weighted = x * root[:, None]
            gram[fold] = weighted.T @ weighted
            z = np.clip(target[part].reshape(-1), -BOUND, BOUND).astype(np.float32)
            moment[fold] = weighted.T @ (root * z)
        # a period is forecast from several of the origins: a repetition is all of these
        spacing = max((origins[-1] - origins[0]) / max(len(origins) - 1, 1), 1.0)
        return RidgeSums(gram, moment, design.panel.horizon / spacing)

    def _errors(
        self,
        design: LocalDesign,
        series: int,
        origins: np.ndarray,
        unseen: list[np.ndarray],
        rng: np.random.Generator,
    ) -> np.ndarray:
        """(classes, levels): quantiles of errors over size at recent origins, from weights without
        the fold. What all series say of it is left out too, but a younger one has other folds."""
        panel = design.panel
        recent = origins > origins[-1] - RECENT_YEARS * design.year
        rows, folds = design.rows(series, origins[recent]), _fold_of(origins)[recent]
        mean = np.zeros_like(rows.base)
        for fold in np.unique(folds):
            part = folds == fold
            of_fold = LocalRows(rows.x[part], rows.base[part], rows.size[part], rows.y[part])
            mean[part] = _predicted(of_fold, unseen[fold], panel.is_signed)
        error = rows.y - mean
        if panel.is_count:
            error = error + rng.random(error.shape) - JITTER_MEAN
        error = error / rows.size[:, None]
        classes = np.arange(panel.horizon) * STEP_CLASSES // panel.horizon
        result = np.zeros((STEP_CLASSES, len(self.levels)), np.float32)
        for k in range(STEP_CLASSES):
            of_class = error[:, classes == k]
            of_class = of_class[np.isfinite(of_class)]
            if not len(of_class):
                of_class = error[np.isfinite(error)]
            result[k] = np.quantile(of_class, self.levels) if len(of_class) else 0
        return result

    def save_state(self, folder: Path) -> None:
        """The weights beside their names, and the quantiles of the errors."""
        np.savez(
            folder / "linear_local.npz",
            weights=self.weights,
            pooled=self.pooled,
            errors=self.errors,
        )
        state = {
            "names": self.names,
            "unique_ids": self.unique_ids,
            "holidays": self.holidays,
        }
        (folder / "state.json").write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")

    def load_state(self, folder: Path) -> None:
        """Read what `save_state` wrote."""
        with np.load(folder / "linear_local.npz", allow_pickle=False) as file:
            self.weights, self.pooled, self.errors = (
                file[name] for name in ("weights", "pooled", "errors")
            )
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        self.names, self.unique_ids = state["names"], state["unique_ids"]
        self.holidays = tuple(state["holidays"])


def _fold_of(origins: np.ndarray) -> np.ndarray:
    """(origins,): blocks of neighbours, so that one says little of another."""
    return np.arange(len(origins)) * FOLDS // len(origins)


def _predicted(rows: LocalRows, weights: np.ndarray, is_signed: bool) -> np.ndarray:
    """(origins, horizon) in natural units."""
    correction = np.clip(rows.x @ weights.astype(np.float32), -BOUND, BOUND)
    mean = rows.base + rows.size[:, None] * correction
    return mean if is_signed else np.maximum(mean, 0)
