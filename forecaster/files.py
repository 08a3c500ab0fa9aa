"""Small files as Python reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from forecaster.errors import BAD_INPUT, ForecastError


def read_yaml(path: Path) -> dict[str, Any]:
    """Raises with the path where it is missing or is not YAML."""
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ForecastError(
            f"{path} cannot be read: {error}", "mend the file", BAD_INPUT
        ) from error


def read_json(path: Path) -> dict[str, Any] | None:
    """None where it is missing or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
