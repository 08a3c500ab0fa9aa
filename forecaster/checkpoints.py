"""A training under way as a file: numbers alone, no pickle, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

KEPT_SECONDS = 14 * 24 * 3600  # a training that nobody went on with is forgotten


def write(
    path: Path, arrays: Mapping[str, Sequence[np.ndarray]], values: Mapping[str, Any]
) -> None:
    """Lists of arrays by name, and JSON values, in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = {f"{name}:{i}": array for name, group in arrays.items() for i, array in enumerate(group)}
    text = json.dumps({**values, "counts": {name: len(group) for name, group in arrays.items()}})
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, json=np.frombuffer(text.encode(), np.uint8), **flat)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read(path: Path) -> tuple[dict[str, list[np.ndarray]], dict[str, Any]] | None:
    """What `write` wrote, or None where nothing that can be read is there."""
    try:
        with np.load(path, allow_pickle=False) as file:
            values = json.loads(file["json"].tobytes())
            counts = values.pop("counts")
            arrays = {
                name: [file[f"{name}:{i}"] for i in range(count)] for name, count in counts.items()
            }
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    return arrays, values


def folder_of(artifacts: Path, *parts: str) -> Path:
    """Where the training of a panel, a model and their fingerprints leaves what it has so far."""
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return artifacts / ".checkpoints" / key


def describe(folder: Path) -> str | None:
    """Where a training that was stopped goes on, if there is one."""
    for name in ("refit", "validation"):
        for file in sorted(folder.glob(f"**/{name}.npz")):  # members have folders of their own
            found = read(file)
            if found is not None:
                epoch = max(record["epoch"] for record in found[1]["history"])
                of = "" if file.parent == folder else f" of {file.parent.name}"
                return f"a training that was stopped goes on after epoch {epoch} of the {name}{of}"
    return None


def forget(folder: Path) -> None:
    """Remove a training's checkpoints, and those of others that nobody went on with for long."""
    shutil.rmtree(folder, ignore_errors=True)
    limit = time.time() - KEPT_SECONDS
    for found in folder.parent.glob("*"):
        if max((file.stat().st_mtime for file in found.rglob("*.npz")), default=limit) < limit:
            shutil.rmtree(found, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()  # unless another is under way
