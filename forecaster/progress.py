"""How long work shows itself, on stderr: a bar in a terminal, lines in a log, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS_WORTH_A_LINE = 1
WIDEST_DETAIL = 48  # longer ones, such as names of tests, would push the bar out of the line


class Progress:
    """Says nothing; what scripts and tests pass, and the shape that `BarProgress` fills."""

    @contextmanager
    def task(
        self,
        description: str,  # noqa: ARG002
        total: int | None = None,  # noqa: ARG002
    ) -> Iterator[Task]:
        """One piece of long work, of `total` steps if that is known."""
        yield Task()

    def note(self, text: str) -> None:
        """One line that stays."""


class Task:
    """A piece of work under way."""

    def update(self, completed: int, total: int | None = None, detail: str = "") -> None:
        """Say how far it is."""

    def detail(self, text: str) -> None:
        """Say what it does just now."""


class LineProgress(Progress):
    """One line for each piece of work that took its time, when it is done: for logs."""

    @contextmanager
    def task(self, description: str, total: int | None = None) -> Iterator[Task]:  # noqa: ARG002
        """Nothing while it works, and no line for what failed."""
        begun = time.monotonic()
        yield Task()
        self.done(description, time.monotonic() - begun)

    def done(self, description: str, seconds: float) -> None:
        """Note how long it took, unless that was no time."""
        if seconds >= SECONDS_WORTH_A_LINE:
            self.note(f"{description}: {seconds:.0f} s")

    def note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class BarProgress(LineProgress):
    """A bar while it works, which leaves a line."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(stderr=True)

    @contextmanager
    def task(self, description: str, total: int | None = None) -> Iterator[Task]:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[detail]}"),
        )
        begun = time.monotonic()
        with Bars(*columns, console=self.console, transient=True) as bars:
            yield BarTask(bars, bars.add_task(description, total=total, count="", detail=""))
        self.done(description, time.monotonic() - begun)

    def note(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


class BarTask(Task):
    """One bar."""

    def __init__(self, bars: Any, task_id: Any) -> None:
        self.bars, self.task_id = bars, task_id

    def update(self, completed: int, total: int | None = None, detail: str = "") -> None:
        count = f"{completed}/{total}" if total else str(completed)
        self.bars.update(
            self.task_id, completed=completed, total=total, count=count, detail=_short(detail)
        )

    def detail(self, text: str) -> None:
        self.bars.update(self.task_id, detail=_short(text))


def _short(text: str) -> str:
    return text if len(text) <= WIDEST_DETAIL else text[: WIDEST_DETAIL - 1] + "…"
