"""Which model is published for which series: the bootstrap, the decisions, and what the commands
make of them."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster import champions, promotions, registry, run
from forecaster.bootstrap import paired_interval
from forecaster.selection import ALL, Candidate, Evidence, decide, select, winner
from tests.conftest import execute

pytestmark = pytest.mark.usefixtures("without_marts")
MEAN, NET, TREE = Candidate("seasonal_mean", "m"), Candidate("lstm", "n"), Candidate("tree", "t")
DAYS = np.array(["2024-01-01", "2024-02-01", "2024-03-01"], "datetime64[D]")
LIVE = np.datetime64("2024-04-01")


def evidence(gain, cutoffs: int = 3, n_series: int = 60, candidates=(MEAN, NET)) -> Evidence:
    """Errors of NET are those of MEAN less `gain(series, cutoff)`; half of the series are lumpy."""
    rng = np.random.default_rng(3)
    series, cutoff = (a.ravel() for a in np.indices((n_series, cutoffs)))
    plain = 1 + 0.2 * rng.standard_normal(len(series))
    errors = np.stack([plain, plain - gain(series, cutoff)], axis=1)
    return Evidence(
        candidates,
        errors,
        series,
        DAYS[cutoff],
        DAYS[cutoff] + 28,
        {"intermittency": np.where(series % 2, "lumpy", "smooth").astype(object)},
    )


def test_the_bounds_of_a_mean_hold_it_as_often_as_they_say():
    """Series have effects of their own, so pairs are not independent: 400 made-up trials."""
    rng = np.random.default_rng(0)
    series, cutoffs = (a.ravel() for a in np.indices((40, 4)))
    held = []
    for _ in range(400):
        effects = rng.standard_normal(40)[series] + 0.5 * rng.standard_normal(160)
        found = paired_interval(effects + 0.3, series, cutoffs)
        held.append(found.lower <= 0.3 <= found.upper)
    assert 0.92 <= np.mean(held) <= 1.0
    naive = np.std(effects) / np.sqrt(160) * 1.96
    assert found.upper - found.lower > 2.5 * naive  # one bound for 160 pairs would be too sure


def test_pairs_that_are_not_known_do_not_count():
    found = paired_interval(np.array([1.0, np.nan, 3.0]), np.array([1, 2, 1]), np.array([1, 1, 2]))
    assert (found.mean, found.n_series, found.n_cutoffs) == (2.0, 1, 2)
    assert paired_interval(np.array([np.nan]), np.array([1]), np.array([1])) is None


def test_a_challenger_must_be_surely_better():
    better = decide(evidence(lambda s, c: 0.1 + 0 * s), MEAN, MEAN, LIVE)
    assert winner(better, ALL) == NET
    assert better[0].interval.upper < 0
    # as good on average, but only at two of three cutoffs
    unsure = decide(evidence(lambda s, c: np.where(c == 0, -0.1, 0.1)), MEAN, MEAN, LIVE)
    assert winner(unsure, ALL) == MEAN
    assert unsure[1].interval.mean < 0 < unsure[1].interval.upper
    assert "not surely better" in unsure[1].reason


def test_a_champion_that_does_not_beat_the_baseline_is_not_published():
    found = decide(evidence(lambda s, c: np.where(c == 0, -0.1, 0.1)), NET, MEAN, LIVE)
    assert winner(found, ALL) == MEAN
    assert found[0].reason == "lstm does not beat seasonal_mean"


def test_a_segment_in_which_the_champion_is_worse_gets_the_baseline():
    found = decide(evidence(lambda s, c: np.where(s % 2, 0.3, -0.02)), MEAN, MEAN, LIVE)
    assert winner(found, ALL) == NET
    assert winner(found, "lumpy") == NET
    assert winner(found, "smooth") == MEAN


def test_a_segment_may_have_a_champion_of_its_own():
    """All in all the network is not better; where demand is lumpy it surely is."""
    found = decide(evidence(lambda s, c: np.where(s % 2, 0.2, -0.25)), MEAN, MEAN, LIVE)
    assert (winner(found, ALL), winner(found, "lumpy")) == (MEAN, NET)
    assert winner(found, "smooth") == MEAN


def test_what_is_published_from_a_cutoff_rests_on_earlier_ones():
    """The network is good at the first cutoff and bad afterwards: that is known a cutoff later."""
    known = evidence(lambda s, c: np.where(c == 0, 0.3, -0.3))
    found = select(known, MEAN, LIVE, NET, [MEAN, NET])
    published = {(str(d.cutoff), d.segment): d.candidate for d in found if d.is_published}
    assert ("2024-01-01", ALL) not in published
    assert published["2024-02-01", ALL] == NET  # the first horizon has ended
    assert published["2024-03-01", ALL] == MEAN
    assert published["2024-04-01", ALL] == MEAN
    assert {d.interval.n_cutoffs for d in found if str(d.cutoff) == "2024-02-01"} == {1}


def test_only_what_can_be_served_is_chosen_for_the_live_forecast():
    known = evidence(lambda s, c: 0.2 + 0 * s)
    found = select(known, MEAN, LIVE, MEAN, [MEAN])
    assert {d.candidate for d in found if d.cutoff == LIVE} == {MEAN}
    assert {d.candidate for d in found if d.cutoff < LIVE} == {MEAN, NET}


def metric(warehouse, model: str, cutoffs: str, value: str) -> None:
    """Make the errors of a model's backtest what they are not."""
    execute(
        warehouse,
        f"update dev_forecasts.metrics set metric_value = {value} where metric_name = 'rmsse' "
        f"and unique_id is not null and model_name = '{model}' and cutoff in ({cutoffs})",
    )


BOTH = "date '2024-03-10', date '2024-03-17'"


def served_by(warehouse) -> dict[str, str]:
    return {
        segment: registry.show(warehouse, run_id)["model_name"]
        for segment, run_id in promotions.present(warehouse, "small").items()
    }


def test_the_baseline_is_trained_where_it_is_to_be_served(shop, warehouse):
    """`train` of another model, which is worse for one life cycle."""
    execute(
        warehouse,
        "update dev_features.segments set life_cycle = 'new' "
        "where unique_id in (select unique_id from dev_features.series order by 1 limit 4)",
    )
    run.backtest(shop, models=["seasonal_naive", "seasonal_mean"])
    metric(warehouse, "seasonal_mean", BOTH, "1")
    metric(
        warehouse,
        "seasonal_naive",
        BOTH,
        "case when unique_id in (select unique_id from dev_features.series order by 1 limit 4) "
        "then 1.1 else 0.5 end",
    )
    outcomes = run.train(shop, model="seasonal_naive")
    assert [o.model_name for o in outcomes] == ["seasonal_naive", "seasonal_mean"]
    assert outcomes[0].verdict.is_champion
    assert served_by(warehouse) == {"all": "seasonal_naive", "new": "seasonal_mean"}
    rows = warehouse.rows(
        "select cutoff, segment, model_name, is_published from {selections} "
        "where segment in ('all', 'new') and is_published order by cutoff, segment"
    )
    assert [(str(r["cutoff"]), r["segment"], r["model_name"]) for r in rows] == [
        ("2024-03-17", "all", "seasonal_naive"),
        ("2024-03-17", "new", "seasonal_mean"),
        ("2024-03-24", "all", "seasonal_naive"),
        ("2024-03-24", "new", "seasonal_mean"),
    ]
    again = run.train(shop, model="seasonal_naive")
    assert [o.status for o in again] == ["unchanged"]
    assert len(warehouse.rows("select 1 as n from {model_promotions}")) == 2

    predicted = run.predict(shop)
    assert [o.model_name for o in predicted] == ["seasonal_naive", "seasonal_mean"]
    # on newer features, the champion of the segment forecasts from them too
    execute(warehouse, "update dev_features.panel_extended set y = y + 1 where period_index = 5")
    retrained, followed = run.train(shop, model="seasonal_naive")
    assert (followed.kind, followed.model_name) == ("predict", "seasonal_mean")
    assert served_by(warehouse) == {"all": "seasonal_naive", "new": "seasonal_mean"}

    run.promote(shop, retrained.run_id, "by hand")  # ends what segments had
    assert served_by(warehouse) == {"all": "seasonal_naive"}


def test_a_model_that_is_not_better_than_the_baseline_is_not_served(shop, warehouse):
    run.backtest(shop, models=["seasonal_naive", "seasonal_mean"])
    metric(warehouse, "seasonal_mean", BOTH, "1")
    metric(warehouse, "seasonal_naive", BOTH, "1 + 0.01 * (hash(unique_id) % 3)")
    first, second = run.train(shop, model="seasonal_naive")
    assert not first.verdict.is_champion
    assert second.verdict.is_champion
    assert second.verdict.reason.startswith("seasonal_naive does not beat seasonal_mean")
    assert champions.champion(warehouse, "small")["model_name"] == "seasonal_mean"
    assert [o.model_name for o in run.predict(shop)] == ["seasonal_mean"]


def test_decisions_are_written_once_and_again_when_they_change(shop, warehouse):
    run.backtest(shop, models=["seasonal_naive", "seasonal_mean"])
    run.train(shop, model="seasonal_mean")
    count = "select count(distinct selected_at) as n from {selections}"
    assert warehouse.rows(count) == [{"n": 1}]
    run.train(shop, model="seasonal_mean")
    assert warehouse.rows(count) == [{"n": 1}]
    execute(warehouse, "update dev_forecasts.selections set lower = lower - 0.01")
    run.train(shop, model="seasonal_mean")
    assert warehouse.rows(count) == [{"n": 2}]
