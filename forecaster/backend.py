"""TensorFlow, loaded when first needed and without its chatter."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def load_tensorflow() -> Any:
    """TensorFlow, without what its C++ side writes to stderr before it knows the log level."""
    if "tensorflow" not in sys.modules:
        stderr, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            importlib.import_module("tensorflow")
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            os.close(null)
    return sys.modules["tensorflow"]
