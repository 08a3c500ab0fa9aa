"""How long work shows itself: a bar on stderr, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


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


class BarProgress(Progress):
    """Bars and lines on stderr, so that stdout holds results alone."""

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
        with Bars(*columns, console=self.console, transient=True) as bars:
            yield BarTask(bars, bars.add_task(description, total=total, count="", detail=""))

    def note(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False)


class BarTask(Task):
    """One bar."""

    def __init__(self, bars: Any, task_id: Any) -> None:
        self.bars, self.task_id = bars, task_id

    def update(self, completed: int, total: int | None = None, detail: str = "") -> None:
        count = f"{completed}/{total}" if total else str(completed)
        self.bars.update(self.task_id, completed=completed, total=total, count=count, detail=detail)

    def detail(self, text: str) -> None:
        self.bars.update(self.task_id, detail=text)
