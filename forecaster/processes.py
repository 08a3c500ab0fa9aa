"""Which process a run is of, and whether it still lives."""

from __future__ import annotations

import datetime as dt
import os
import socket
from typing import Any


def this_process() -> dict[str, Any]:
    """The columns of `runs` that name this process; a process id alone is used again."""
    import psutil

    process = psutil.Process()
    started = dt.datetime.fromtimestamp(process.create_time(), dt.UTC).replace(tzinfo=None)
    return {"host": socket.gethostname(), "pid": os.getpid(), "process_started_at": started}


def is_alive(row: dict[str, Any]) -> bool:
    """Whether the process of this row of `runs` is still the one that wrote it."""
    import psutil

    try:
        created = psutil.Process(row["pid"]).create_time()
    except (psutil.Error, ValueError):
        return False
    started = dt.datetime.fromtimestamp(created, dt.UTC).replace(tzinfo=None)
    return abs((started - row["process_started_at"]).total_seconds()) < 2
