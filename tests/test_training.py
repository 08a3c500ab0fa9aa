from __future__ import annotations

import pytest

from forecaster.errors import ForecastError
from forecaster.models.base import silent
from forecaster.training import run_epochs


def test_stops_after_patience_and_keeps_the_best():
    losses = iter([3.0, 1.0, 2.0, 2.0, 0.5])
    kept = []
    learned = run_epochs(
        lambda: 1.0, 2, 10, silent, lambda: next(losses), 2, lambda: kept.append(True)
    )
    assert learned.best_epoch == 2
    assert len(kept) == 2
    assert [r.epoch for r in learned.history if r.split == "validation"] == [1, 2, 3, 4]


def test_without_validation_runs_all_epochs():
    learned = run_epochs(lambda: 1.0, 1, 3, silent)
    assert learned.best_epoch == 3
    assert {r.split for r in learned.history} == {"train"}


def test_divergence_stops_with_the_reason():
    losses = iter([1.0, float("nan")])
    with pytest.raises(ForecastError, match="diverged: the train loss of epoch 2") as error:
        run_epochs(lambda: next(losses), 1, 5, silent)
    assert "learning_rate" in error.value.remedy


def test_an_epoch_that_brings_next_to_nothing_is_none_to_wait_for():
    losses = iter([1.0, 0.9, 0.8999, 0.8998, 0.8997, 0.5])
    learned = run_epochs(lambda: 1.0, 1, 6, lambda _: None, lambda: next(losses), patience=3)
    assert [record.epoch for record in learned.history if record.split == "validation"][-1] == 5
    assert learned.best_epoch == 5


def test_a_long_epoch_must_bring_more():
    """Each betters the loss by 0.4 %."""
    for least_gain, n_epochs in ((0.002, 6), (0.005, 2)):
        losses = iter(0.996**epoch for epoch in range(9))
        learned = run_epochs(
            lambda: 1.0,
            1,
            6,
            lambda _: None,
            lambda losses=losses: next(losses),
            patience=1,
            least_gain=least_gain,
        )
        assert len(learned.history) == 2 * n_epochs
