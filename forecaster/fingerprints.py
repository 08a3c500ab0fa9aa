"""What a run's forecasts depend on: features, settings and code, each as a hash."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import sys
from importlib.metadata import version
from pathlib import Path

from forecaster.models.base import Model

SHARED_CODE = (
    "features",
    "panel_arrays",
    "statics",
    "panel",
    "encoding",
    "holidays",
    "quantiles",
    "held_out",
    "relative",
    "persistence",
    "calibration",
    "paths",
    "hierarchy",
    "nodes",
    "node_panel",
    "reconciliation",
    "local_design",
    "models.linear_local",
    "seasonal",
    "signals",
    "design",
    "least_squares",
    "residuals",
    "origins",
    "text",
    "forked",
    "network_settings",
    "trainer",
    "training",
    "losses",
    "networks",
    "likelihoods",
    "variational",
    "models.base",
)
LIBRARIES = ("numpy", "tensorflow", "keras")


@dataclasses.dataclass(frozen=True)
class Fingerprints:
    """Two runs with the same fingerprints give the same forecasts."""

    features: str
    settings: str
    code: str


def settings_json(model: Model, with_source: bool = False) -> str:
    """The settings of a run; as stored, they name the run from whose model it began, too."""
    settings = {
        "run": model.run.model_dump(mode="json"),
        "model": model.settings.model_dump(mode="json"),
    }
    if with_source and model.source is not None:
        settings["from"] = model.source.run_id
    return json.dumps(settings, sort_keys=True)


def fingerprints(model: Model, features: str) -> Fingerprints:
    """Of a model about to be fitted on features of that fingerprint.

    The weights it begins from count as code: a champion trained on from stays the same model with
    the same settings.
    """
    code = code_fingerprint(type(model))
    for member in model.members:
        code = hashlib.sha256((code + code_fingerprint(type(member))).encode()).hexdigest()
    if model.source is not None:
        code = hashlib.sha256((code + model.source.sha256).encode()).hexdigest()
    settings = hashlib.sha256(settings_json(model).encode()).hexdigest()
    return Fingerprints(features, settings, code)


def code_fingerprint(kind: type[Model]) -> str:
    """Hash of the sources a model's forecasts depend on: its own, its parents', the shared."""
    files = {
        Path(inspect.getfile(c)) for c in kind.__mro__ if c.__module__ not in {"builtins", "abc"}
    }
    root = Path(__file__).parent
    files |= {root / (name.replace(".", "/") + ".py") for name in SHARED_CODE}
    module = sys.modules[kind.__module__]
    for value in vars(module).values():
        source = getattr(value, "__module__", None) or getattr(value, "__name__", "")
        if str(source).startswith("forecaster.") and source in sys.modules:
            files.add(Path(str(sys.modules[source].__file__)))
    digest = hashlib.sha256("".join(version(name) for name in LIBRARIES).encode())
    for file in sorted(files):
        if file.is_file() and file.suffix == ".py":
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
