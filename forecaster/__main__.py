"""Entry point of the `forecast` command."""

import json
import os
import sys
from typing import Any


def main() -> None:
    """Run the command: beside the package in a checkout, inside it when installed.

    Products of small matrices are not shared out among threads: they would wait for one another, in
    twice the time of the processor.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # heeded when NumPy is first imported
    try:
        from forecaster.cli import app
    except ModuleNotFoundError as error:
        if error.name != "forecaster.cli":
            raise
        from cli import app
    if "--json" in sys.argv:
        sys.exit(answer_in_json(app))
    app()


def answer_in_json(app: Any) -> int:
    """The command's exit code; bad usage is told in JSON too, before any command is chosen."""
    from typer.exceptions import TyperException

    try:
        return int(app(standalone_mode=False) or 0)
    except TyperException as error:
        remedy = "see `forecast --help`, or that of the command"
        print(json.dumps({"error": error.format_message(), "remedy": remedy}))
        return int(error.exit_code)
    except KeyboardInterrupt:
        print(json.dumps({"error": "interrupted", "remedy": "run the command again"}))
        return 130


if __name__ == "__main__":
    main()
