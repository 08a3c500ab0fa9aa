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
    "panel",
    "quantiles",
    "calibration",
    "origins",
    "seasonal",
    "signals",
    "design",
    "least_squares",
    "residuals",
    "origins",
    "forked",
    "training",
    "losses",
    "networks",
    "models.base",
)
LIBRARIES = ("numpy", "tensorflow", "keras")


@dataclasses.dataclass(frozen=True)
class Fingerprints:
    """Two runs with the same fingerprints give the same forecasts."""

    features: str
    settings: str
    code: str


def settings_json(model: Model) -> str:
    """The settings of a run, as stored."""
    return json.dumps(
        {"run": model.run.model_dump(mode="json"), "model": model.settings.model_dump(mode="json")},
        sort_keys=True,
    )


def fingerprints(model: Model, features: str) -> Fingerprints:
    """Of a model about to be fitted on features of that fingerprint."""
    return Fingerprints(
        features,
        hashlib.sha256(settings_json(model).encode()).hexdigest(),
        code_fingerprint(type(model)),
    )


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
