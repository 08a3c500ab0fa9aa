"""`forecast report`: one HTML page that needs nothing but a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "templates"


def render(data: Mapping[str, Any]) -> str:
    """The page: template, style, script, Plotly and data in one file."""
    from plotly.offline import get_plotlyjs

    def template(name: str) -> str:
        return (TEMPLATES / name).read_text(encoding="utf-8")

    parts = {
        "style": template("report.css"),
        "script": template("report.js"),
        "plotly": get_plotlyjs(),
        "data": embedded(data),
    }
    return re.sub(
        r"/\*\{(\w+)\}\*/", lambda found: parts[found.group(1)], template("report.html")
    )


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in, whatever the names of the items are."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
