"""Where dbt writes: one target of a profile in profiles.yml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from forecaster import warehouse_file
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.files import read_yaml


class Profile:
    """A profile with one of its targets, chosen as dbt itself would."""

    def __init__(self, folder: Path, name: str, target: str | None = None) -> None:
        self.folder, self.name = folder, name
        path = folder / "profiles.yml"
        profiles = read_yaml(path)
        if name not in profiles:
            raise ForecastError(
                f"{path} has no profile '{name}', which dbt_project.yml names",
                "add it, or use --profiles-dir",
                BAD_INPUT,
            )
        profile = profiles[name] if isinstance(profiles[name], dict) else {}
        outputs = profile.get("outputs")
        if not isinstance(outputs, dict) or not all(isinstance(o, dict) for o in outputs.values()):
            raise ForecastError(
                f"profile '{name}' in {path} has no outputs, each with its type and path",
                "add `outputs:` with a target of type duckdb under the profile",
                BAD_INPUT,
            )
        self.default_target = self.rendered(str(profile.get("target", "default")))
        self.target = target or self.default_target
        if self.target not in outputs:
            raise ForecastError(
                f"profile '{name}' in {path} has no target '{self.target}'",
                f"use --target with one of {', '.join(outputs)}",
                BAD_INPUT,
            )
        self.output: dict[str, Any] = outputs[self.target]

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file that dbt writes with this profile, relative to the working directory."""
        if self.output.get("type") != "duckdb":
            raise ForecastError(
                f"target '{self.target}' of profile '{self.name}' is of type "
                f"'{self.output.get('type')}'; the forecaster reads DuckDB files",
                "use a target of type duckdb",
                BAD_INPUT,
            )
        path = self.rendered(str(self.output.get("path", ":memory:"))).strip()
        if not path:
            raise ForecastError(
                f"target '{self.target}' in {self.folder}/profiles.yml has an empty path",
                f"set {warehouse_file.VARIABLE} to a DuckDB file, or unset it",
                BAD_INPUT,
            )
        if path.startswith((":memory:", "md:", "motherduck:")):
            raise ForecastError(
                f"target '{self.target}' has the path '{path}', which is not a file",
                "give the profile's output a path such as warehouse.duckdb",
                BAD_INPUT,
            )
        return Path(path).expanduser().absolute()

    def rendered(self, text: str) -> str:
        """A value of the profile, its calls of env_var and var resolved."""
        from jinja2 import Environment, TemplateError

        def env_var(name: str, default: str | None = None) -> str:
            value = os.environ.get(name, default)
            if value is None:
                raise ForecastError(
                    f"the profile '{self.name}' needs the environment variable {name}",
                    f"set {name}",
                    BAD_INPUT,
                )
            return value

        try:
            template = Environment().from_string(text)  # noqa: S701 - a path, not HTML
            return template.render(env_var=env_var, var=lambda _, default="": default)
        except TemplateError as error:
            raise ForecastError(
                f"'{text}' of profile '{self.name}' in {self.folder}/profiles.yml cannot be "
                f"rendered: {error}",
                "env_var and var are what it may call",
                BAD_INPUT,
            ) from error


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
