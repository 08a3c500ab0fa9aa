"""Models by name: `--model x` is the module `forecaster.models.x`, or a dotted path of another
package.

A model is one file that defines one subclass of `forecaster.models.base.Model`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from forecaster.errors import BAD_INPUT, ForecastError

if TYPE_CHECKING:
    from forecaster.models.base import Model


def model_names() -> list[str]:
    """The models of this package."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "base")


def model_class(name: str) -> type[Model]:
    """The class of a model; `name` is a module here or a dotted path."""
    from forecaster.models.base import Model

    path = name if "." in name else f"{__name__}.{name}"
    if not all(part.isidentifier() for part in path.split(".")):
        raise unknown_model(name)
    try:
        module = importlib.import_module(path)
    except SyntaxError as error:
        raise ForecastError(
            f"the module of model '{name}' is no Python: {error.filename}, line {error.lineno}: "
            f"{error.msg}",
            "mend the file",
            BAD_INPUT,
        ) from error
    except ModuleNotFoundError as error:
        if error.name is None or not (path == error.name or path.startswith(error.name + ".")):
            raise
        raise unknown_model(name) from None
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Model)
        and value is not Model
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise unknown_model(name)
    return found[0]


def unknown_model(name: str) -> ForecastError:
    """Nothing by that name; says which there are."""
    return ForecastError(
        f"there is no model '{name}'",
        f"use one of {', '.join(model_names())}, or the dotted path of a module that defines one "
        "subclass of forecaster.models.base.Model",
        BAD_INPUT,
    )
