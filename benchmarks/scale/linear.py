"""Whether cost grows with the rows and no faster: a line for each share that was built or trained.

Reads `results.json` and `training.json` of every share in a folder.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def record(path: Path) -> dict[str, Any]:
    """What a benchmark wrote down, with each step by its name; empty where it did not run."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    steps = {str(one.get("step") or one["name"]).split(" (")[0]: one for one in found["steps"]}
    return found | {"steps": steps}


def spent(found: dict[str, Any], *names: str) -> float | None:
    """Processor seconds of these steps together."""
    steps = found.get("steps", {})
    return sum(steps[name]["cpu_seconds"] for name in names) if set(names) <= set(steps) else None


def peak(found: dict[str, Any], key: str, prefix: str) -> float | None:
    """The most memory of the steps whose names begin with `prefix`."""
    values = [one[key] for name, one in found.get("steps", {}).items() if name.startswith(prefix)]
    return max(values) if values else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("work"))
    folders = parser.parse_args().folder.glob("share_*")
    columns = ("rows", "build CPU s", "GB", "day CPU s", "read CPU s", "train CPU s", "GB")
    print(f"{'share':>8}" + "".join(f"{name:>13}" for name in columns))
    found = []
    for folder in folders:
        share = folder.name.removeprefix("share_").replace("_", "/")
        found.append((share, record(folder / "results.json"), record(folder / "training.json")))
    for share, built, trained in sorted(found, key=lambda one: one[1].get("rows", 0)):
        cells = (
            built.get("rows"),
            spent(built, "full build"),
            peak(built, "peak_gb", "full build"),
            spent(built, "one day"),
            spent(trained, "fingerprint", "read"),
            spent(trained, "train, default budget"),
            peak(trained, "peak_gb", ""),
        )
        shown = ("" if one is None else f"{one:,.1f}".removesuffix(".0") for one in cells)
        print(f"{share:>8}" + "".join(f"{one:>13}" for one in shown))


if __name__ == "__main__":
    main()
