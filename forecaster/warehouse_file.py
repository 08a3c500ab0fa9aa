"""The file of a warehouse: what may be wrong with it, and what to do then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forecaster.errors import BAD_INPUT, FAILED, LOCKED, ForecastError

VARIABLE = "FORECAST_WAREHOUSE"
POINT_ELSEWHERE = f"set {VARIABLE}, or `path` in profiles.yml, to a DuckDB file"
TAKEN_NAMES = ("system", "temp")
UNWRITABLE = ("permission denied", "read-only")


def check(path: Path) -> None:
    """What dbt would find out only after it has parsed everything."""
    if path.is_dir():
        raise ForecastError(f"the warehouse {path} is a folder", POINT_ELSEWHERE, BAD_INPUT)
    if path.stem in TAKEN_NAMES:
        raise ForecastError(
            f"the warehouse {path} bears a name that DuckDB keeps for itself: {path.stem}",
            f"rename it, or {POINT_ELSEWHERE}",
            BAD_INPUT,
        )
    if not path.parent.is_dir():
        raise ForecastError(
            f"the warehouse {path} cannot be made: there is no folder {path.parent}",
            f"make that folder, or {POINT_ELSEWHERE}",
            BAD_INPUT,
        )


def refuse_name_of_schema(path: Path, schema: str) -> None:
    """Raises where the file is called as a schema that is read from it.

    DuckDB names a catalogue after its file and cannot tell the two apart in a view, however fully
    the name is given.
    """
    if path.stem.lower() == schema.lower():
        raise ForecastError(
            f"the warehouse {path} and its schema {schema} have one name, which DuckDB cannot tell "
            "apart in a view",
            f"rename the file, or {POINT_ELSEWHERE} of another name",
            BAD_INPUT,
        )


def unusable(path: Path, text: str) -> ForecastError | None:
    """What is wrong with the file, where `text`, DuckDB's or the system's, tells of that."""
    holder = re.search(r"held in (.+?) \(PID (\d+)\)", text)
    if holder or "Could not set lock" in text or "Conflicting lock" in text:
        who = f"{holder[1]} (process {holder[2]})" if holder else f"another program: {text}"
        return ForecastError(
            f"the warehouse {path} is in use by {who}",
            "close that program, or let it finish, then run this command again",
            LOCKED,
        )
    if "no space left" in text.lower():
        return ForecastError(
            f"the disk of the warehouse {path} is full: {text}",
            "free space there, then run this command again; nothing was changed",
            FAILED,
        )
    if path.name not in text:
        return None
    if any(words in text.lower() for words in UNWRITABLE):
        return ForecastError(
            f"the warehouse {path} cannot be written: {text}",
            "make the file and its folder writable for this user",
            LOCKED,
        )
    if "not a valid DuckDB database" in text:
        return ForecastError(
            f"the warehouse {path} is not a DuckDB file, or is damaged",
            f"{POINT_ELSEWHERE}, or restore this one from a backup",
            BAD_INPUT,
        )
    return None


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Errors of DuckDB and the system about the file, with a remedy."""
    import duckdb

    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise unusable(path, f"{path}: {error}") or error from error
