"""Which of the models that were backtested is published for which series, and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from forecaster.bootstrap import Interval, paired_interval

ALL = "all"
BASELINE = "seasonal_mean"


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A model with its settings."""

    model_name: str
    settings_fingerprint: str


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Errors of the candidates at past cutoffs, a row each series and cutoff.

    `rmsse` (rows, candidates), NaN where a candidate has none; `series`, `cutoffs` and `ended` (the
    last period of the cutoff's horizon) (rows,); `segments` by segment type, as they were at the
    row's cutoff (rows,).
    """

    candidates: tuple[Candidate, ...]
    rmsse: np.ndarray
    series: np.ndarray
    cutoffs: np.ndarray
    ended: np.ndarray
    segments: Mapping[str, np.ndarray]

    def where(self, is_kept: np.ndarray) -> Evidence:
        """The rows that are kept."""
        return Evidence(
            self.candidates,
            self.rmsse[is_kept],
            self.series[is_kept],
            self.cutoffs[is_kept],
            self.ended[is_kept],
            {name: values[is_kept] for name, values in self.segments.items()},
        )

    def of(self, candidates: Sequence[Candidate]) -> Evidence:
        """The candidates that are asked for."""
        places = [i for i, one in enumerate(self.candidates) if one in candidates]
        kept = tuple(self.candidates[i] for i in places)
        return dataclasses.replace(self, candidates=kept, rmsse=self.rmsse[:, places])

    @property
    def tried(self) -> tuple[Candidate, ...]:
        """The candidates that have errors here."""
        has_some = np.isfinite(self.rmsse).any(0)
        return tuple(one for one, some in zip(self.candidates, has_some, strict=True) if some)

    def compared(self, one: Candidate, other: Candidate) -> Interval | None:
        """The mean RMSSE of one less that of another, over the pairs that both have."""
        a, b = self.candidates.index(one), self.candidates.index(other)
        return paired_interval(self.rmsse[:, a] - self.rmsse[:, b], self.series, self.cutoffs)


@dataclasses.dataclass(frozen=True)
class Decision:
    """What became of one candidate in one segment; a row of `selections`.

    `interval` is of its errors less those of `opponent`.
    """

    cutoff: np.datetime64
    segment_type: str
    segment: str
    candidate: Candidate
    opponent: Candidate | None
    interval: Interval | None
    is_published: bool
    reason: str


@dataclasses.dataclass(frozen=True)
class Choice:
    """The winner among the candidates, why, and what it had to beat or what failed against it."""

    winner: Candidate
    opponent: Candidate | None
    reason: str


def select(
    evidence: Evidence,
    baseline: Candidate | None,
    live_cutoff: np.datetime64,
    incumbent: Candidate | None,
    servable: Sequence[Candidate],
) -> list[Decision]:
    """The decisions for each cutoff of the evidence and for the live one.

    What is published from a cutoff rests on the cutoffs before it whose horizon had ended by then,
    for the live one on all of them. Each begins with the baseline as champion, the live one with
    `incumbent`, and takes part of it only `servable` candidates.
    """
    decisions, champion = [], baseline
    for cutoff in np.unique(evidence.cutoffs):
        known = evidence.where(evidence.ended <= cutoff)
        found = decide(known, champion, baseline, cutoff)
        decisions += found
        champion = winner(found, ALL) or champion
    live = evidence.of(servable)
    return decisions + decide(live, incumbent, baseline, live_cutoff)


def decide(
    evidence: Evidence,
    incumbent: Candidate | None,
    baseline: Candidate | None,
    cutoff: np.datetime64,
) -> list[Decision]:
    """The decisions for all series and for each segment, on all of the evidence.

    A challenger needs a better mean RMSSE of which the bootstrap is sure. The champion of all
    series has to be so sure against the baseline; in a segment it need only be better there on
    average, for it has been proven on all of them.
    """
    choice = _chosen(evidence, incumbent, baseline, is_proven=False)
    if choice is None:
        return []
    decisions = _told(evidence, choice, cutoff, ALL, ALL)
    for segment_type, values in evidence.segments.items():
        for segment in sorted({value for value in values if value is not None}):
            part = evidence.where(values == segment)
            found = _chosen(part, choice.winner, baseline, is_proven=True)
            if found is not None:
                decisions += _told(part, found, cutoff, segment_type, str(segment))
    return decisions


def winner(decisions: Sequence[Decision], segment: str) -> Candidate | None:
    """What is published for a segment."""
    found = [d.candidate for d in decisions if d.segment == segment and d.is_published]
    return found[0] if found else None


def _chosen(
    evidence: Evidence, incumbent: Candidate | None, baseline: Candidate | None, is_proven: bool
) -> Choice | None:
    tried = evidence.tried
    before = incumbent if incumbent is not None else baseline
    if before not in tried or before is None:
        return None
    opponent = baseline if baseline in tried and baseline != before else None
    reason = "the champion so far; none is surely better"
    if opponent is not None:
        against = evidence.compared(before, opponent)
        bound = None if against is None else against.mean if is_proven else against.upper
        if bound is not None and bound >= 0:
            reason = f"{before.model_name} does not beat {BASELINE}"
            before, opponent = opponent, before
    rivals = []
    for rival in tried:
        against = evidence.compared(rival, before) if rival != before else None
        if against is not None:
            rivals.append((against.mean, tried.index(rival), against.upper < 0, rival))
    for _, _, is_sure, rival in sorted(rivals):
        plain = evidence.compared(rival, baseline) if baseline in tried and baseline else None
        if is_sure and (plain is None or rival == baseline or plain.mean < 0):
            return Choice(rival, before, f"surely better than {before.model_name}")
    if opponent is None and rivals:
        opponent = min(rivals)[-1]
    return Choice(before, opponent, reason)


def _told(
    evidence: Evidence,
    choice: Choice,
    cutoff: np.datetime64,
    segment_type: str,
    segment: str,
) -> list[Decision]:
    """A decision for each candidate, the published one first."""
    champion, opponent = choice.winner, choice.opponent
    first = Decision(
        cutoff,
        segment_type,
        segment,
        champion,
        opponent,
        evidence.compared(champion, opponent) if opponent else None,
        True,
        choice.reason,
    )
    rest = []
    for one in evidence.tried:
        if one != champion:
            against = evidence.compared(one, champion)
            is_worse = against is not None and against.lower > 0
            reason = "surely worse" if is_worse else "not surely better"
            why = f"{reason} than {champion.model_name}"
            rest.append(Decision(cutoff, segment_type, segment, one, champion, against, False, why))
    return [first, *rest]
