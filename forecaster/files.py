"""Small files as Python reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from forecaster.errors import BAD_INPUT, ForecastError


def read_yaml(path: Path) -> dict[str, Any]:
    """Names and values; raises with the path where it is missing or holds anything else."""
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ForecastError(
            f"{path} cannot be read: {error}", "mend the file", BAD_INPUT
        ) from error
    if not isinstance(found or {}, dict):
        raise ForecastError(
            f"{path} holds a {type(found).__name__}, where names and values belong",
            "mend the file",
            BAD_INPUT,
        )
    return found or {}


def read_json(path: Path) -> dict[str, Any] | None:
    """None where it is missing or is no JSON object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
