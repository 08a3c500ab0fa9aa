"""Options that several commands have, each under one name and with one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

ProjectDir = Annotated[
    Path | None,
    typer.Option(
        "--project-dir",
        metavar="FOLDER",
        help="dbt project; by default ./dbt_project, this folder, or the demo's.",
    ),
]
ProfilesDir = Annotated[
    Path | None,
    typer.Option(
        "--profiles-dir",
        metavar="FOLDER",
        help="Folder of profiles.yml; by default this folder, the project's, ~/.dbt.",
    ),
]
Target = Annotated[
    str | None, typer.Option("--target", metavar="NAME", help="dbt target, such as dev or prod.")
]
Panels = Annotated[
    list[str] | None,
    typer.Option(
        "--panel", metavar="PANEL", help="Panel to work on; repeat for more. By default all."
    ),
]
OnePanel = Annotated[
    str | None, typer.Option("--panel", metavar="PANEL", help="Panel to work on. By default all.")
]
Json = Annotated[
    bool, typer.Option("--json", metavar="", help="Print one JSON object on stdout, for scripts.")
]
Debug = Annotated[bool, typer.Option("--debug", metavar="", help="Show the traceback of an error.")]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="Model; repeat for more. By default both baselines and lstm.",
    ),
]
OneModel = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="lstm, lstm_stacked, seasonal_mean, seasonal_naive, or a dotted path.",
    ),
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", metavar="N", min=1, help="Most epochs to train for.")
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=0, help="The same seed gives the same forecasts."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting as key=value; repeat for more."),
]
Force = Annotated[
    bool, typer.Option("--force", metavar="", help="Work even if nothing has changed.")
]
Source = Annotated[
    str | None,
    typer.Option("--from", metavar="RUN", help="Begin with the weights of that run's model."),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="MINUTES",
        min=0.1,
        help="Refuse a training that would take longer on one core, before anything is read.",
    ),
]
Tuned = Annotated[
    bool,
    typer.Option("--tuned", metavar="", help="With the settings that forecast tune found best."),
]


def settings_of(pairs: list[str] | None, epochs: int | None, seed: int | None) -> dict[str, Any]:
    """The settings that `--set`, `--epochs` and `--seed` give."""
    from forecaster.config import parse_assignments

    given = {"epochs": epochs, "seed": seed}
    return {**parse_assignments(pairs or []), **{k: v for k, v in given.items() if v is not None}}
