"""Runs dbt in this process: progress while it works, and what failed by name."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from forecaster import warehouse_file
from forecaster.errors import BAD_INPUT, FAILED, ForecastError
from forecaster.files import read_yaml
from forecaster.profiles import Profile
from forecaster.progress import Progress, Task

MAX_NAMED_FAILURES = 5


class DbtRunner:
    """dbt on a project folder with a profile. `writes_to` takes what dbt writes (target and logs)
    where the project's folder is not to be written to."""

    def __init__(
        self, folder: Path, profile: Profile, progress: Progress, writes_to: Path | None = None
    ) -> None:
        self.folder, self.profile = folder, profile
        self.progress, self.writes_to = progress, writes_to

    def run(self, command: str, *arguments: str, description: str = "") -> Sequence[Any]:
        """One dbt command; returns its results. Raises with the names of what failed."""
        if command != "deps":
            warehouse_file.check(self.profile.warehouse_path)
            self._install_packages()
        with self.progress.task(description or f"dbt {command}") as task:
            outcome = self._invoke(command, arguments, task)
        if isinstance(outcome.exception, KeyboardInterrupt):
            raise KeyboardInterrupt
        if outcome.success:
            return list(getattr(outcome.result, "results", None) or [])
        raise self._failure(command, outcome)

    def _invoke(self, command: str, arguments: Sequence[str], task: Task) -> Any:
        os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        from dbt.cli.main import dbtRunner

        counts = {"done": 0, "total": 0}

        def watch(event: Any) -> None:
            if event.info.name == "ConcurrencyLine":
                counts["total"] = event.data.node_count
            elif event.info.name == "NodeStart":
                task.update(counts["done"], counts["total"] or None, event.data.node_info.node_name)
            elif event.info.name == "NodeFinished":
                # dbt leaves unit tests out of its count of nodes
                counts["done"] += event.data.node_info.resource_type != "unit_test"
                task.update(counts["done"], counts["total"] or None)

        with _same_working_directory(), redirect_stdout(io.StringIO()):
            command_line = [command, *arguments, *self._options(command)]
            outcome = dbtRunner(callbacks=[watch]).invoke(command_line)
        _release_warehouse()
        return outcome

    def _options(self, command: str) -> list[str]:
        options = ["--project-dir", str(self.folder), "--profiles-dir", str(self.profile.folder)]
        options += ["--target", self.profile.target, "--quiet"]
        if self.writes_to:
            options += ["--log-path", str(self.writes_to / "logs")]
            if command != "deps":
                options += ["--target-path", str(self.writes_to / "target")]
        return options

    def _install_packages(self) -> None:
        declared = any((self.folder / f).exists() for f in ("packages.yml", "dependencies.yml"))
        definition = read_yaml(self.folder / "dbt_project.yml")
        folder = self.folder / str(definition.get("packages-install-path", "dbt_packages"))
        if declared and not folder.exists():
            self.run("deps", description="Installing dbt packages")

    def _failure(self, command: str, outcome: Any) -> ForecastError:
        failed = [
            result
            for result in getattr(outcome.result, "results", None) or []
            if str(result.status) in {"error", "fail", "runtime error"}
        ]
        lines = [
            f"{getattr(r.node, 'resource_type', 'node')} {r.node.name} ({r.status}): "
            f"{_without_trace(str(r.message or ''))}"
            for r in failed[:MAX_NAMED_FAILURES]
        ]
        if len(failed) > MAX_NAMED_FAILURES:
            lines.append(f"and {len(failed) - MAX_NAMED_FAILURES} more")
        reason = str(outcome.exception or "").strip() or "dbt gave no reason"
        text = "\n  ".join(lines) or reason
        unusable = warehouse_file.unusable(self.profile.warehouse_path, text)
        if unusable:
            return unusable
        return ForecastError(
            f"dbt {command} failed:\n  {text}",
            f"mend what is named; `dbt {command} --project-dir {self.folder}` shows it in full",
            FAILED if failed else BAD_INPUT,
        )


def _without_trace(message: str) -> str:
    """One line: what went wrong, not which macro called which."""
    return " ".join(message.split("> in macro", maxsplit=1)[0].split())


@contextmanager
def _same_working_directory() -> Iterator[None]:
    """Some dbt commands change it and leave it changed."""
    before = Path.cwd()
    try:
        yield
    finally:
        os.chdir(before)


def _release_warehouse() -> None:
    """A profile without `keep_open: false` would keep the file locked while a model trains."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
