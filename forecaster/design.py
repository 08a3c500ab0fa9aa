"""The design matrix of a linear forecast: one row per series, origin and step of the horizon."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from forecaster.panel import Panel
from forecaster.signals import Signals
from forecaster.training import Ahead

ROWS_AT_ONCE = 1 << 15
MOST_CATEGORIES = 50  # a static feature of more has too few series in each for a column of its own
MOST_CROSSED = 12
SEASON_CYCLES = (4, 12)


@dataclasses.dataclass(frozen=True)
class Columns:
    """What a design's columns are made of, each once: a matrix of all of them has a series' state
    as often as the horizon has steps, and twice.

    `state` (series, k), the same times `step` (horizon,), `season` (series, horizon, c) and `ahead`
    (series, horizon, m), whose last columns are the covariates; `numbers` (series, n), `words`
    (series, w), and covariates times those of `words` that are `crossed`.
    """

    state: np.ndarray
    step: np.ndarray
    season: np.ndarray
    ahead: np.ndarray
    n_covariates: int
    numbers: np.ndarray
    words: np.ndarray
    crossed: list[int]

    @property
    def covariates(self) -> np.ndarray:
        return self.ahead[..., self.ahead.shape[-1] - self.n_covariates :]

    def matrix(self) -> np.ndarray:
        """(series × horizon, columns), in the order of `Design.names`."""
        shape = self.ahead.shape[:2]

        def each(values: np.ndarray) -> np.ndarray:
            return np.broadcast_to(values[:, None], (*shape, values.shape[-1]))

        state, words = each(self.state), each(self.words)
        columns = [
            np.ones((*shape, 1), np.float32),
            state,
            state * self.step[:, None],
            self.season,
            self.ahead,
            each(self.numbers),
            words,
            *(self.covariates * words[..., [i]] for i in self.crossed),
        ]
        return np.concatenate(columns, axis=-1, dtype=np.float32).reshape(shape[0] * shape[1], -1)

    def times(self, coefficients: np.ndarray) -> np.ndarray:
        """(series × horizon,): the matrix times coefficients (columns,), without making it."""
        k = self.state.shape[-1]
        widths = [1, k, k, *(part.shape[-1] for part in (self.season, self.ahead))]
        widths += [self.numbers.shape[-1], self.words.shape[-1]]
        parts = np.split(coefficients.astype(np.float32), np.cumsum(widths))
        constant, of_state, of_step, of_season, of_ahead, of_numbers, of_words, of_crossed = parts
        of_crossed = of_crossed.reshape(len(self.crossed), self.n_covariates)
        still = self.state @ of_state + self.numbers @ of_numbers + self.words @ of_words + constant
        value = still[:, None] + (self.state @ of_step)[:, None] * self.step
        value += self.season @ of_season + self.ahead @ of_ahead
        of_place = self.words[:, self.crossed] @ of_crossed
        value += np.einsum("shf,sf->sh", self.covariates, of_place)
        return value.ravel()


@dataclasses.dataclass(frozen=True)
class Rows:
    """Some rows of a design, series by series: their `columns`, and what belongs to each (rows,).

    `offset` is the base's part of the linear predictor. `y` is in natural units, as are `scale` and
    `deviation`; it is NaN where not known. `active` is 1 while a series still sells.
    """

    columns: Columns
    offset: np.ndarray
    y: np.ndarray
    scale: np.ndarray
    deviation: np.ndarray
    active: np.ndarray
    series: np.ndarray
    origin: np.ndarray
    step: np.ndarray


class Design:
    """Rows of any series and origins, made from what was known at each origin and from the known
    future.

    Columns: a constant; what the series says of itself at the origin and the same times the step;
    its mean at the step's place of the season; profiles, year-ago index and known-future covariates
    of the step; static numbers; an indicator per static category; covariates times the categories
    of the coarsest static feature. With `is_log`, the log link, sizes enter as logarithms.
    """

    def __init__(self, signals: Signals, is_log: bool) -> None:
        self.signals, self.is_log = signals, is_log
        panel = signals.panel
        encoding = panel.encoding
        vocabularies = encoding.vocabularies if encoding else {}
        self.indicators = [
            (i, code + 1, f"{name}={word}")
            for i, (name, words) in enumerate(vocabularies.items())
            if 2 <= len(words) <= MOST_CATEGORIES
            for code, word in enumerate(words)
        ]
        coarse = min(
            ((len(w), i) for i, w in enumerate(vocabularies.values()) if len(w) >= 2),
            default=(0, 0),
        )
        self.crossed = [
            place
            for place, (i, _, _) in enumerate(self.indicators)
            if i == coarse[1] and coarse[0] <= MOST_CROSSED
        ]
        self.cycles = SEASON_CYCLES if panel.season_length > 1 else ()

    @property
    def names(self) -> list[str]:
        """The columns, in order."""
        signals = self.signals
        at_origin = signals.sequence_names
        numeric = list(signals.panel.encoding.numeric) if signals.panel.encoding else []
        words = [name for _, _, name in self.indicators]
        return [
            "constant",
            *at_origin,
            *(f"{name}*step" for name in at_origin),
            *(f"season_mean_{cycles}" for cycles in self.cycles),
            *signals.horizon_names,
            *numeric,
            *words,
            *(f"{name}*{words[i]}" for i in self.crossed for name in signals.future.names),
        ]

    def chunks(self, rows: np.ndarray, origins: np.ndarray) -> Iterator[Rows]:
        """All rows of the series `rows` at `origins`, about `ROWS_AT_ONCE` at a time; the next are
        made while the present ones are in use."""
        together = max(ROWS_AT_ONCE // self.signals.panel.horizon, 1)
        pieces = (
            (part, int(origin))
            for origin in origins
            for part in np.array_split(rows, max(-(-len(rows) // together), 1))
        )

        def following() -> Rows | None:
            piece = next(pieces, None)
            return None if piece is None else self.rows(*piece)

        with Ahead(following) as ahead:
            while (found := ahead.take()) is not None:
                yield found

    def rows(self, rows: np.ndarray, origin: int) -> Rows:
        """The rows of one origin, series by series, each with all steps."""
        signals, panel = self.signals, self.signals.panel
        horizon, shape = panel.horizon, (len(rows), panel.horizon)
        # the look back of `sequences` starts where it is asked to: one period, the same everywhere
        x, *known = signals.sequences(rows, origin - 1, origin)
        level, scale, deviation, active = (values[:, 0].astype(np.float64) for values in known)
        ahead, base = signals.horizons(rows, np.array([origin]))
        ahead, base = ahead[:, 0], base[:, 0].astype(np.float64)
        codes = signals.codes[rows]
        words = [codes[:, i] == code for i, code, _ in self.indicators]
        columns = Columns(
            state=x[:, 0],
            step=((np.arange(horizon) + 0.5) / horizon - 0.5).astype(np.float32),
            season=self._season_means(rows, origin, scale).astype(np.float32),
            ahead=ahead,
            n_covariates=len(signals.future.names),
            numbers=signals.numbers[rows],
            words=np.array(words, np.float32).reshape(len(words), len(rows)).T,
            crossed=self.crossed,
        )
        size = (level / scale)[:, None]
        index = origin + np.arange(horizon)
        end = signals.y.shape[1]
        y = np.where(index < end, signals.y[rows][:, np.minimum(index, end - 1)], np.nan)
        offset = np.log(np.maximum(size, 1e-3) * base) if self.is_log else size * base
        if panel.is_signed:
            offset = np.broadcast_to(size, shape)

        def each(values: np.ndarray) -> np.ndarray:
            return np.broadcast_to(values[:, None], shape).ravel()

        return Rows(
            columns=columns,
            offset=offset.ravel(),
            y=y.ravel().astype(np.float64),
            scale=each(scale),
            deviation=each(deviation),
            active=each(active),
            series=np.repeat(rows, horizon),
            origin=np.full(len(rows) * horizon, origin),
            step=np.tile(np.arange(horizon), len(rows)),
        )

    def _season_means(self, rows: np.ndarray, origin: int, scale: np.ndarray) -> np.ndarray:
        """(rows, horizon, cycles): mean of the same place of the season over the last cycles."""
        panel = self.signals.panel
        season, y = panel.season_length, self.signals.y[rows]
        columns = []
        for cycles in self.cycles:
            index = origin + np.arange(-cycles * season, 0)
            values = np.where(index >= 0, y[:, np.maximum(index, 0)], np.nan)
            values = values.reshape(len(rows), cycles, season)
            known = np.isfinite(values)
            mean = np.where(known, values, 0).sum(1) / np.maximum(known.sum(1), 1)
            columns.append(mean[:, np.arange(panel.horizon) % season] / scale[:, None])
        means = np.stack(columns, -1) if columns else np.zeros((len(rows), panel.horizon, 0))
        return np.log1p(means) if self.is_log else means


def training_origins(panel: Panel, first: int, count: int, years: float, year: int) -> np.ndarray:
    """At most `count` origins, evenly spread from `first`, or from `years` ago, to the last one of
    which a quarter of the horizon is known.
    """
    last = max(panel.n_periods - max(panel.horizon // 4, 1), 1)
    begin = min(max(first, int(last - years * year), 1), last)
    return np.unique(np.linspace(begin, last, count).astype(int))
