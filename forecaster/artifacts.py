"""Folders of trained models beside the warehouse, each with the hash of its files."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from forecaster.errors import ForecastError
from forecaster.models.base import Model, load_model


def sha256(folder: Path) -> str:
    """Hash of all files of a folder, their names included."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            name = file.relative_to(folder).as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def save(model: Model, artifacts: Path, run_id: str) -> tuple[str, str]:
    """Write a model whole or not at all; returns (path from the warehouse's folder, hash)."""
    folder, temporary = artifacts / run_id, artifacts / f".{run_id}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    model.save(temporary)
    digest = sha256(temporary)
    temporary.replace(folder)
    return f"{artifacts.name}/{run_id}", digest


def remove(artifacts: Path, run_id: str) -> None:
    """What a run that found nothing may have left."""
    for folder in (artifacts / run_id, artifacts / f".{run_id}"):
        shutil.rmtree(folder, ignore_errors=True)


def is_whole(root: Path, path: str | None, digest: str | None) -> bool:
    """Whether the files of a model are those that its run wrote."""
    return bool(path) and (root / str(path)).is_dir() and sha256(root / str(path)) == digest


def load(root: Path, path: str | None, digest: str | None, run_id: str) -> Model:
    """The model of a run, if its files are those that the run wrote."""
    remedy = (
        "restore the folder from a backup, run `forecast train --force` for a new model, or "
        "`forecast runs promote` another run"
    )
    if not path:
        raise ForecastError(f"table runs knows of no model of run {run_id}", remedy)
    folder = root / path
    if not folder.is_dir():
        raise ForecastError(
            f"the model of run {run_id} is missing: there is no folder {folder}", remedy
        )
    if not is_whole(root, path, digest):
        raise ForecastError(
            f"the model of run {run_id} in {folder} is not what the run wrote: its SHA-256 is "
            f"{sha256(folder)[:12]}…, in table runs it is {str(digest)[:12]}…",
            remedy,
        )
    return load_model(folder)
