"""What all commands share: the options of a project, and how an answer or an error is said."""

from __future__ import annotations

import dataclasses
import inspect
import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import typer

from forecaster.errors import FAILED, ForecastError
from forecaster.options import Debug, Json, ProfilesDir, ProjectDir, Target

if TYPE_CHECKING:
    from forecaster.project import Project
    from forecaster.recording import Outcome
    from forecaster.warehouse import Warehouse


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a command works, as its options say."""

    project_dir: Path | None
    profiles_dir: Path | None
    target: str | None
    as_json: bool

    def project(self) -> Project:
        """The dbt project; its progress is on stderr, or nowhere with `--json`."""
        from forecaster.progress import BarProgress, LineProgress, Progress
        from forecaster.project import Project

        spoken = BarProgress if sys.stderr.isatty() else LineProgress
        progress = Progress() if self.as_json else spoken()
        return Project(self.project_dir, self.profiles_dir, self.target, progress)

    def warehouse(self) -> Warehouse:
        """The project's warehouse."""
        from forecaster.warehouse import Warehouse

        return Warehouse(self.project())


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command found: `values` for scripts, `text` for people, and what to do next."""

    values: dict[str, Any]
    text: str
    following: str

    @classmethod
    def of_runs(cls, outcomes: Sequence[Outcome], following: str) -> Self:
        """What came of runs, one after the other."""
        text = "\n".join(outcome.describe() for outcome in outcomes)
        return cls({"runs": [dataclasses.asdict(outcome) for outcome in outcomes]}, text, following)


def command(
    app: typer.Typer, name: str | None = None, epilog: str = ""
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Make a command of a function that takes a `Place` and gives an `Answer`.

    After the function's own options it has those of the project, `--json` and `--debug`, once for
    all commands: typer reads the options from the signature.
    """

    def register(function: Callable[..., Answer]) -> Callable[..., Answer]:
        def called(
            project_dir: ProjectDir = None,
            profiles_dir: ProfilesDir = None,
            target: Target = None,
            as_json: Json = False,
            debug: Debug = False,
            **given: Any,
        ) -> None:
            with answering(as_json, debug) as say:
                say(function(Place(project_dir, profiles_dir, target, as_json), **given))

        (_, *own), (*shared, _) = (
            inspect.signature(f, eval_str=True).parameters.values() for f in (function, called)
        )
        options = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *shared)]
        called.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in options}
        called.__name__, called.__doc__ = function.__name__, function.__doc__
        app.command(name, epilog=epilog)(called)
        return function

    return register


@contextmanager
def answering(as_json: bool, debug: bool) -> Iterator[Callable[[Answer], None]]:
    """Print the answer and what is next; an error as message, remedy and exit code."""

    def say(answer: Answer) -> None:
        if as_json:
            values = {**answer.values, "next": answer.following}
            typer.echo(json.dumps(values, default=str, ensure_ascii=False))
        else:
            typer.echo(f"{answer.text}\nNext: {answer.following}")

    def fail(message: str, remedy: str, exit_code: int) -> typer.Exit:
        if debug:
            traceback.print_exc()
        if as_json:
            typer.echo(json.dumps({"error": message, "remedy": remedy}, ensure_ascii=False))
        else:
            typer.echo(f"Error: {message}", err=True)
            if remedy:
                typer.echo(f"Remedy: {remedy}", err=True)
        return typer.Exit(exit_code)

    # Not by way of SIGINT, which a shell's `&` leaves ignored.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield say
    except ForecastError as error:
        raise fail(error.message, error.remedy, error.exit_code) from error
    except KeyboardInterrupt as error:
        raise fail(
            "interrupted: what was complete is kept, nothing half done is",
            "run the command again",
            130,
        ) from error
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise fail(
            message, "this is a bug: add --debug and report what it prints", FAILED
        ) from error
