"""A dbt project: where it is, its warehouse, the names of its relations, and running it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import Any

from forecaster import warehouse_file
from forecaster.errors import BAD_INPUT, FAILED, LOCKED, ForecastError
from forecaster.progress import Progress, Task

PACKAGE = "warehouse_forecaster"
WAREHOUSE_VARIABLE = warehouse_file.VARIABLE
ANALYSES = ("write_parents", "score_run")
MAX_NAMED_FAILURES = 5
REFRESH_WAITS = (2.0, 5.0, 10.0, 20.0)  # seconds, while another program holds the warehouse


def packaged_project() -> Path:
    """The demo project: inside the package when installed, beside it in a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "dbt_project"
    return inside if inside.is_dir() else here.parent / "dbt_project"


class Project:
    """A dbt project with a profile and a target; paths are those dbt itself would use."""

    def __init__(
        self,
        project_dir: Path | str | None = None,
        profiles_dir: Path | str | None = None,
        target: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.folder = find_project(project_dir)
        self.profiles_folder = find_profiles(profiles_dir, self.folder)
        self.progress = progress or Progress()
        self._manifest: dict[str, Any] | None = None
        profile = self._profile()
        self.target: str = target or self._render(str(profile.get("target", "default")))
        outputs = profile.get("outputs", {})
        if self.target not in outputs:
            raise ForecastError(
                f"profile '{self.profile_name}' in {self.profiles_folder}/profiles.yml has no "
                "target "
                f"'{self.target}'",
                f"use --target with one of {', '.join(outputs)}",
                BAD_INPUT,
            )
        self.output: dict[str, Any] = outputs[self.target]
        if self._is_lent and WAREHOUSE_VARIABLE not in os.environ:
            os.environ[WAREHOUSE_VARIABLE] = str(Path.cwd() / "warehouse.duckdb")

    @property
    def _is_lent(self) -> bool:
        """The packaged demo project used from a folder not its own: it is not written to."""
        if self.folder != packaged_project().resolve() or self.profiles_folder != self.folder:
            return False
        cwd = Path.cwd().resolve()
        return cwd not in {self.folder, self.folder.parent}

    @cached_property
    def definition(self) -> dict[str, Any]:
        """dbt_project.yml."""
        return _read_yaml(self.folder / "dbt_project.yml")

    @property
    def profile_name(self) -> str:
        return str(self.definition.get("profile", "default"))

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file that dbt writes with this profile, relative to the working directory."""
        if self.output.get("type") != "duckdb":
            raise ForecastError(
                f"target '{self.target}' of profile '{self.profile_name}' is of type "
                f"'{self.output.get('type')}'; the forecaster reads DuckDB files",
                "use a target of type duckdb",
                BAD_INPUT,
            )
        path = self._render(str(self.output.get("path", ":memory:"))).strip()
        if not path:
            raise ForecastError(
                f"target '{self.target}' in {self.profiles_folder}/profiles.yml has an empty path",
                f"set {WAREHOUSE_VARIABLE} to a DuckDB file, or unset it",
                BAD_INPUT,
            )
        if path.startswith((":memory:", "md:", "motherduck:")):
            raise ForecastError(
                f"target '{self.target}' has the path '{path}', which is not a file",
                "give the profile's output a path such as warehouse.duckdb",
                BAD_INPUT,
            )
        return Path(path).expanduser().absolute()

    @property
    def artifacts_folder(self) -> Path:
        """Where trained models lie: beside the warehouse."""
        return self.warehouse_path.parent / "artifacts"

    @property
    def target_folder(self) -> Path:
        """Where dbt writes its manifest."""
        if self._is_lent:
            return Path.cwd() / "target"
        configured = os.environ.get("DBT_TARGET_PATH") or self.definition.get(
            "target-path", "target"
        )
        return self.folder / self._render(str(configured))

    def relation(self, name: str) -> str:
        """The quoted name of one of the package's models in the warehouse."""
        node = self.manifest["nodes"].get(f"model.{PACKAGE}.{name}")
        if node is None:
            raise ForecastError(
                f"the dbt project in {self.folder} has no model '{name}' of the package {PACKAGE}",
                f"add {PACKAGE} to its packages.yml and run `dbt deps`, or use --project-dir",
                BAD_INPUT,
            )
        return f"{quoted(node['schema'])}.{quoted(node['alias'])}"

    @property
    def manifest(self) -> dict[str, Any]:
        """dbt's manifest for this target; parsed anew when dbt last ran for another one."""
        if self._manifest is None:
            path = self.target_folder / "manifest.json"
            manifest = _read_json(path)
            if manifest is None or self._target_of(manifest) != self.target:
                self.dbt("parse", description="Parsing the dbt project")
                manifest = _read_json(path)
            if manifest is None:
                raise ForecastError(f"dbt wrote no manifest at {path}", "run `dbt parse --debug`")
            self._manifest = manifest
        return self._manifest

    def compiled(self, analysis: str) -> str:
        """The SQL of one of the package's analyses, compiled for this target.

        Kept until the project's or the package's files, the target or the warehouse's name change.
        """
        folder, code_hash = self.target_folder / "forecast", self._code_hash()
        path = folder / f"{analysis}.{code_hash}.sql"
        if not path.exists():
            results = self.dbt(
                "compile", "--select", *ANALYSES, description="Compiling the metrics"
            )
            folder.mkdir(parents=True, exist_ok=True)
            for result in results:
                file = folder / f"{result.node.name}.{code_hash}.sql"
                temporary = file.with_suffix(f".{os.getpid()}")
                temporary.write_text(result.node.compiled_code, encoding="utf-8")
                temporary.replace(file)
        if not path.exists():
            raise ForecastError(
                f"the dbt package {PACKAGE} has no analysis '{analysis}'",
                "run `dbt deps` for a version of the package that has it",
            )
        return path.read_text(encoding="utf-8")

    def build(self, *selection: str, full_refresh: bool = False) -> int:
        """`dbt build`; returns the number of nodes built."""
        arguments = ["--full-refresh"] if full_refresh else []
        if selection:
            arguments += ["--select", *selection]
        n_nodes = len(self.dbt("build", *arguments, description="dbt build"))
        if not selection:
            self.marts_due.clear()
        return n_nodes

    def refresh_marts(self) -> int:
        """Build what lies downstream of the forecasts."""
        selection = f"{PACKAGE}.forecasts+"
        for wait in (*REFRESH_WAITS, None):
            try:
                n_nodes = len(
                    self.dbt("build", "--select", selection, description="Refreshing the marts")
                )
                break
            except ForecastError as error:
                if error.exit_code != LOCKED or wait is None:
                    raise
                self.progress.note(f"waiting to refresh the marts: {error.message}")
                time.sleep(wait)
        self.marts_due.clear()
        return n_nodes

    @property
    def marts_due(self) -> Reminder:
        """That forecasts were written which the marts do not show yet."""
        return Reminder(self.target_folder / "forecast" / f"marts_due.{self.target}")

    def dbt(self, command: str, *arguments: str, description: str = "") -> Sequence[Any]:
        """Run dbt in this process; returns its results. Raises with the names of what failed."""
        if command != "deps":
            warehouse_file.check(self.warehouse_path)
            self._install_packages()
        with self.progress.task(description or f"dbt {command}") as task:
            outcome = self._invoke([command, *arguments], task)
        self._manifest = None
        if outcome.success:
            self._remember_target()
            results = getattr(outcome.result, "results", None)
            return list(results) if results is not None else []
        raise self._failure(command, outcome)

    def _invoke(self, arguments: list[str], task: Task) -> Any:
        os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        from dbt.cli.main import dbtRunner

        arguments += [
            "--project-dir",
            str(self.folder),
            "--profiles-dir",
            str(self.profiles_folder),
        ]
        arguments += ["--target", self.target, "--quiet"]
        if self._is_lent:
            arguments += ["--target-path", str(self.target_folder)]
            arguments += ["--log-path", str(Path.cwd() / "logs")]
        if arguments[0] == "deps":
            arguments = [
                a for a in arguments if a not in {"--target-path", str(self.target_folder)}
            ]
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
            outcome = dbtRunner(callbacks=[watch]).invoke(arguments)
        _release_warehouse()
        return outcome

    def _install_packages(self) -> None:
        declared = any((self.folder / f).exists() for f in ("packages.yml", "dependencies.yml"))
        folder = self.folder / str(self.definition.get("packages-install-path", "dbt_packages"))
        if declared and not folder.exists():
            self.dbt("deps", description="Installing dbt packages")

    def _failure(self, command: str, outcome: Any) -> ForecastError:
        failed = [
            result
            for result in getattr(outcome.result, "results", None) or []
            if str(result.status) in {"error", "fail", "runtime error"}
        ]
        lines = [
            f"{getattr(r.node, 'resource_type', 'node')} {r.node.name} ({r.status}): "
            f"{' '.join(str(r.message or '').split())}"
            for r in failed[:MAX_NAMED_FAILURES]
        ]
        if len(failed) > MAX_NAMED_FAILURES:
            lines.append(f"and {len(failed) - MAX_NAMED_FAILURES} more")
        text = (
            "\n  ".join(lines) if lines else str(outcome.exception or "dbt gave no reason").strip()
        )
        unusable = warehouse_file.unusable(self.warehouse_path, text)
        if unusable:
            return unusable
        return ForecastError(
            f"dbt {command} failed:\n  {text}",
            f"mend what is named; `dbt {command} --project-dir {self.folder}` shows it in full",
            FAILED if failed else BAD_INPUT,
        )

    def _profile(self) -> dict[str, Any]:
        profiles = _read_yaml(self.profiles_folder / "profiles.yml")
        if self.profile_name not in profiles:
            raise ForecastError(
                f"{self.profiles_folder}/profiles.yml has no profile '{self.profile_name}', "
                f"which {self.folder}/dbt_project.yml names",
                "add it, or use --profiles-dir",
                BAD_INPUT,
            )
        return profiles[self.profile_name]

    def _render(self, text: str) -> str:
        from jinja2 import Environment

        def env_var(name: str, default: str | None = None) -> str:
            value = os.environ.get(name, default)
            if value is None:
                raise ForecastError(
                    f"the profile '{self.profile_name}' needs the environment variable {name}",
                    f"set {name}",
                    BAD_INPUT,
                )
            return value

        template = Environment().from_string(text)  # noqa: S701 - a path, not HTML
        return template.render(env_var=env_var, var=lambda _, default="": default)

    def _target_of(self, manifest: dict[str, Any]) -> str | None:
        """The target that dbt wrote a manifest for, if it can be known."""
        invocation = manifest["metadata"].get("invocation_id")
        noted = _read_json(self._target_note)
        if noted and noted.get("invocation_id") == invocation:
            return noted["target"]
        results = _read_json(self.target_folder / "run_results.json")
        if results and results["metadata"].get("invocation_id") == invocation:
            default = self._render(str(self._profile().get("target", "default")))
            return results["args"].get("target") or default
        return None

    @property
    def _target_note(self) -> Path:
        return self.target_folder / "forecast" / "target.json"

    def _remember_target(self) -> None:
        manifest = _read_json(self.target_folder / "manifest.json")
        if manifest:
            note = {
                "invocation_id": manifest["metadata"].get("invocation_id"),
                "target": self.target,
            }
            self._target_note.parent.mkdir(parents=True, exist_ok=True)
            self._target_note.write_text(json.dumps(note), encoding="utf-8")

    def _code_hash(self) -> str:
        """Of all that compiled SQL can depend on."""
        packages = self.folder / str(self.definition.get("packages-install-path", "dbt_packages"))
        roots = [self.folder, *(packages.iterdir() if packages.is_dir() else [])]
        digest = hashlib.sha256()
        for part in (self.target, self.warehouse_path.stem, json.dumps(self.output, default=str)):
            digest.update(part.encode() + b"\0")
        for root in roots:
            files = [
                root / "dbt_project.yml",
                *root.glob("macros/**/*"),
                *root.glob("analyses/**/*"),
            ]
            for file in sorted(files):
                if file.is_file():
                    digest.update(file.read_bytes() + b"\0")
        return digest.hexdigest()[:16]


class Reminder:
    """Of work left to do; a file, so that it outlives a command that is killed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def set(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    @property
    def is_set(self) -> bool:
        return self.path.exists()


def find_project(given: Path | str | None) -> Path:
    """The folder of the dbt project: given, ./dbt_project, here, or the packaged demo."""
    candidates = [Path(given)] if given else [Path("dbt_project"), Path(), packaged_project()]
    for folder in candidates:
        if (folder / "dbt_project.yml").is_file():
            return folder.resolve()
    raise ForecastError(
        f"there is no dbt_project.yml in {candidates[0].absolute()}",
        "use --project-dir with the folder of a dbt project, or `forecast init` to make one",
        BAD_INPUT,
    )


def find_profiles(given: Path | str | None, project: Path) -> Path:
    """The folder of profiles.yml: given, DBT_PROFILES_DIR, here, the project's, or ~/.dbt."""
    named = given or os.environ.get("DBT_PROFILES_DIR")
    candidates = [Path(named)] if named else [Path(), project, Path.home() / ".dbt"]
    for folder in candidates:
        if (folder / "profiles.yml").is_file():
            return folder.resolve()
    raise ForecastError(
        "there is no profiles.yml in " + ", ".join(str(c.absolute()) for c in candidates),
        "use --profiles-dir with the folder that has one",
        BAD_INPUT,
    )


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ForecastError(
            f"{path} cannot be read: {error}", "mend the file", BAD_INPUT
        ) from error


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


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
