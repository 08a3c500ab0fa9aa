"""A dbt project: where it is, its warehouse, the names of its relations, its compiled SQL."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from forecaster import warehouse_file
from forecaster.dbt_runner import DbtRunner
from forecaster.errors import BAD_INPUT, LOCKED, ForecastError
from forecaster.files import read_json, read_yaml
from forecaster.profiles import Profile, find_profiles
from forecaster.progress import Progress

PACKAGE = "warehouse_forecaster"
ANALYSES = ("write_parents", "score_run")
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
        self.definition = read_yaml(self.folder / "dbt_project.yml")
        self.profile = Profile(
            find_profiles(profiles_dir, self.folder),
            str(self.definition.get("profile", "default")),
            target,
        )
        self.progress = progress or Progress()
        self._manifest: dict[str, Any] | None = None
        if self._is_lent and warehouse_file.VARIABLE not in os.environ:
            os.environ[warehouse_file.VARIABLE] = str(Path.cwd() / "warehouse.duckdb")

    @cached_property
    def _is_lent(self) -> bool:
        """The packaged demo project used from a folder not its own: it is not written to."""
        if self.folder != packaged_project().resolve() or self.profile.folder != self.folder:
            return False
        cwd = Path.cwd().resolve()
        return cwd not in {self.folder, self.folder.parent}

    @property
    def target(self) -> str:
        """The dbt target."""
        return self.profile.target

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file."""
        return self.profile.warehouse_path

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
        return self.folder / self.profile.rendered(str(configured))

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
            manifest = read_json(path)
            if manifest is None or self._target_of(manifest) != self.target:
                self.dbt("parse", description="Parsing the dbt project")
                manifest = read_json(path)
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
        if selection and n_nodes == 0:
            raise ForecastError(
                f"nothing in the dbt project matches {' '.join(selection)}",
                "`dbt ls --select` shows what a selection holds",
                BAD_INPUT,
            )
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
        runner = DbtRunner(
            self.folder, self.profile, self.progress, Path.cwd() if self._is_lent else None
        )
        results = runner.run(command, *arguments, description=description)
        self._manifest = None
        self._remember_target()
        return results

    def _target_of(self, manifest: dict[str, Any]) -> str | None:
        """The target that dbt wrote a manifest for, if it can be known."""
        invocation = manifest.get("metadata", {}).get("invocation_id")
        noted = read_json(self._target_note)
        if noted and noted.get("invocation_id") == invocation:
            return noted["target"]
        results = read_json(self.target_folder / "run_results.json")
        if results and results.get("metadata", {}).get("invocation_id") == invocation:
            return results["args"].get("target") or self.profile.default_target
        return None

    @property
    def _target_note(self) -> Path:
        return self.target_folder / "forecast" / "target.json"

    def _remember_target(self) -> None:
        manifest = read_json(self.target_folder / "manifest.json")
        if manifest:
            note = {
                "invocation_id": manifest.get("metadata", {}).get("invocation_id"),
                "target": self.target,
            }
            self._target_note.parent.mkdir(parents=True, exist_ok=True)
            self._target_note.write_text(json.dumps(note), encoding="utf-8")

    def _code_hash(self) -> str:
        """Of all that compiled SQL can depend on."""
        packages = self.folder / str(self.definition.get("packages-install-path", "dbt_packages"))
        installed = sorted(packages.iterdir()) if packages.is_dir() else []
        roots = [
            self.folder,
            *(root for root in installed if (root / "dbt_project.yml").is_file()),
        ]
        digest = hashlib.sha256()
        for part in (
            self.target,
            self.warehouse_path.stem,
            json.dumps(self.profile.output, default=str),
        ):
            digest.update(part.encode() + b"\0")
        for root in roots:
            definition = read_yaml(root / "dbt_project.yml")
            folders = [
                *definition.get("macro-paths", ["macros"]),
                *definition.get("analysis-paths", ["analyses"]),
            ]
            files = [file for name in folders for file in (root / str(name)).glob("**/*")]
            for file in sorted([root / "dbt_project.yml", *files]):
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
    """The folder of the dbt project: given, ./dbt_project, here, or the packaged demo.

    Never the demo from inside another project: what it writes would land there.
    """
    candidates = [Path(given)] if given else [Path("dbt_project"), Path()]
    for folder in candidates:
        if (folder / "dbt_project.yml").is_file():
            return folder.resolve()
    if given:
        raise ForecastError(
            f"there is no dbt_project.yml in {Path(given).absolute()}",
            "use --project-dir with the folder of a dbt project, or `forecast init` to make one",
            BAD_INPUT,
        )
    demo = packaged_project().resolve()
    above = [
        folder
        for folder in Path.cwd().resolve().parents
        if (folder / "dbt_project.yml").is_file() and folder != demo
    ]
    if above:
        raise ForecastError(
            f"this folder lies in the dbt project {above[0]} and is none itself",
            f"cd {above[0]}, or use --project-dir",
            BAD_INPUT,
        )
    return demo


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
