"""The search of a model's settings: optuna's sampler and pruner over a journal that outlives us."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecaster.config import Choice, Range
from forecaster.errors import BAD_INPUT, ForecastError

if TYPE_CHECKING:
    import optuna

COMPLETE, PRUNED, FAILED, STOPPED = "complete", "pruned", "failed", "stopped"
STARTUP_TRIALS, WARMUP_EPOCHS = 4, 1

ReportLoss = Callable[[int, float], None]
Evaluate = Callable[[dict[str, Any], ReportLoss], float]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One trial. `value` is None unless it is complete."""

    number: int
    parameters: dict[str, Any]
    value: float | None
    status: str
    seconds: float | None


class Search:
    """The trials of one question, kept in the file `journal`: asked again, it goes on."""

    def __init__(self, journal: Path, space: Mapping[str, Range | Choice], seed: int) -> None:
        self.optuna = _optuna()
        self.space = space
        journal.parent.mkdir(parents=True, exist_ok=True)
        backend = self.optuna.storages.journal.JournalFileBackend(str(journal))
        storage = self.optuna.storages.JournalStorage(backend)
        begun = storage.get_all_studies()
        n_before = len(storage.get_all_trials(begun[0]._study_id)) if begun else 0
        self.study = self.optuna.create_study(
            storage=storage,
            study_name="tune",
            direction="minimize",
            load_if_exists=True,
            # a sampler that began again would draw the values of its first trials again
            sampler=self.optuna.samplers.TPESampler(seed=seed + n_before),
            pruner=self.optuna.pruners.MedianPruner(STARTUP_TRIALS, WARMUP_EPOCHS),
        )

    @property
    def trials(self) -> list[Trial]:
        """All trials that ended, in the order in which they began."""
        return [_trial(found) for found in self.study.trials if found.state.is_finished()]

    @property
    def n_done(self) -> int:
        """Trials that need not be made again."""
        return sum(trial.status != STOPPED for trial in self.trials)

    @property
    def best(self) -> Trial | None:
        """The complete trial with the least value; the earliest of equal ones."""
        done = [trial for trial in self.trials if trial.value is not None]
        return min(done, key=lambda trial: trial.value or 0.0) if done else None

    def run(
        self,
        evaluate: Evaluate,
        first: Mapping[str, Any],
        trials: int,
        timeout: float | None,
        said: Callable[[int, str], None],
    ) -> None:
        """Try settings until there are `trials` or `timeout` seconds have passed.

        The first trial is `first`, the defaults: what is found is never worse than they are, where
        it was tried. A trial that was cut off by the end of its process is made again. `evaluate`
        returns the value of given settings; the loss that it reports of an epoch ends a trial that
        is worse there than the median of those before it. `said` hears of every end.
        """
        self._close_stopped()
        if not self.study.trials:
            self.study.enqueue_trial(dict(first))

        def objective(trial: optuna.Trial) -> float:
            def report(epoch: int, loss: float) -> None:
                trial.report(loss, epoch)
                if trial.should_prune():
                    raise self.optuna.TrialPruned

            try:
                return evaluate(_suggested(trial, self.space), report)
            except ForecastError as error:
                trial.set_user_attr("error", error.message)
                raise

        def tell(_study: Any, trial: optuna.trial.FrozenTrial) -> None:
            value = f"{trial.value:.4g}" if trial.value is not None else trial.state.name.lower()
            best = self.best
            said(self.n_done, f"{value}, best {best.value:.4g}" if best else value)

        remaining = trials - self.n_done
        if remaining > 0:
            self.study.optimize(
                objective, remaining, timeout, catch=ForecastError, callbacks=[tell]
            )

    def _close_stopped(self) -> None:
        """Trials whose process died: closed, and their settings put first in the queue."""
        for trial in self.study.get_trials(states=[self.optuna.trial.TrialState.RUNNING]):
            self.study.tell(trial.number, state=self.optuna.trial.TrialState.FAIL)
            if set(trial.params) == set(self.space):
                self.study.enqueue_trial(trial.params)


def _optuna() -> Any:
    try:
        import optuna
        import optuna.storages.journal
    except ModuleNotFoundError as error:
        raise ForecastError(
            "`forecast tune` needs the library optuna, which is not installed",
            "install the package with its extra `tune`: pip install 'warehouse-forecaster[tune]'",
            BAD_INPUT,
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _suggested(trial: optuna.Trial, space: Mapping[str, Range | Choice]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, part in space.items():
        if isinstance(part, Choice):
            values[name] = trial.suggest_categorical(name, part.values)
        elif isinstance(part.low, int) and isinstance(part.high, int):
            values[name] = trial.suggest_int(name, part.low, part.high, log=part.log)
        else:
            values[name] = trial.suggest_float(name, part.low, part.high, log=part.log)
    return values


def _trial(found: optuna.trial.FrozenTrial) -> Trial:
    state = found.state.name
    status = {"COMPLETE": COMPLETE, "PRUNED": PRUNED}.get(state)
    if status is None:
        status = FAILED if "error" in found.user_attrs else STOPPED
    return Trial(
        found.number,
        dict(found.params),
        found.value if status == COMPLETE else None,
        status,
        found.duration.total_seconds() if found.duration else None,
    )
