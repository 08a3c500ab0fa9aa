"""What a command tells the person who ran it when it cannot do its work."""

from __future__ import annotations

FAILED = 1
BAD_INPUT = 2
LOCKED = 3


class ForecastError(Exception):
    """An error with its place, remedy and exit code (1 failed, 2 input, 3 locked or read-only)."""

    def __init__(self, message: str, remedy: str = "", exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.exit_code = exit_code
