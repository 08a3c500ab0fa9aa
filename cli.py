"""The `forecast` command: parse, call, print. What it does stands in the package `forecaster`."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from forecaster import __version__

if TYPE_CHECKING:
    from forecaster.project import Project
    from forecaster.recording import Outcome

app = typer.Typer(
    name="forecast",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Demand forecasts as tables of your warehouse.\n\n"
    "dbt prepares the features, this command trains on them and writes forecasts, their "
    "accuracy and the "
    "decisions that follow from them back as tables.",
    epilog="Start here:           [bold]forecast demo && forecast run[/bold]\n\n"
    "On your own tables:   [bold]forecast init --help[/bold]\n\n"
    "Exit codes: 0 done, 1 the work failed, 2 bad usage or input, 3 the warehouse is locked "
    "or read-only, 130 interrupted.",
)
runs_app = typer.Typer(
    no_args_is_help=True, help="List runs, show one, promote a model, roll back."
)
app.add_typer(runs_app, name="runs")

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
Size = Annotated[
    Literal["tiny", "default", "large"], typer.Option("--size", help="How much of a shop.")
]


@app.callback(invoke_without_command=True)
def forecast(
    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Print the version.")
    ] = False,
) -> None:
    if version:
        typer.echo(f"forecast {__version__}")
        raise typer.Exit


@app.command(epilog="Example:  forecast demo --size tiny --seed 7")
def demo(
    size: Size = "default",
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="The same seed gives the same shop.")
    ] = 1,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Simulate a shop's raw tables in the warehouse, to try everything on."""
    with _answering(as_json, debug) as say:
        from forecaster import warehouse_file
        from forecaster.demo import simulate

        project = _project(project_dir, profiles_dir, target, as_json)
        path = project.warehouse_path
        with project.progress.task(f"Simulating the {size} shop"), warehouse_file.explained(path):
            summary = simulate(size, path, seed)
        say(
            {"warehouse": str(project.warehouse_path), "size": size, "seed": seed},
            f"The {size} demo shop is in {project.warehouse_path}, schema raw.",
            summary.next_step,
        )


@app.command(epilog="Example:  forecast build --target prod")
def build(
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    full_refresh: Annotated[
        bool,
        typer.Option(
            "--full-refresh", metavar="", help="Rebuild incremental tables; forecasts stay."
        ),
    ] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select", metavar="NODES", help="dbt node selection; by default everything."
        ),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run `dbt build`: clean, impute, engineer features, refresh marts, test everything."""
    with _answering(as_json, debug) as say:
        project = _project(project_dir, profiles_dir, target, as_json)
        n_nodes = project.build(*(select or []), full_refresh=full_refresh)
        say(
            {"nodes": n_nodes, "target": project.target, "warehouse": str(project.warehouse_path)},
            f"dbt built {n_nodes} nodes of target {project.target} in {project.warehouse_path}.",
            "forecast train",
        )


@app.command(
    epilog="Examples:\n\nforecast train\n\n"
    "forecast train --panel item_weekly --model lstm_stacked --epochs 20\n\n"
    "forecast train --model seasonal_mean --set n_seasons=8"
)
def train(
    panel: Panels = None,
    model: OneModel = "lstm",
    epochs: Epochs = None,
    seed: Seed = None,
    settings: Settings = None,
    tuned: Tuned = False,
    source: Source = None,
    budget: Budget = None,
    force: Force = False,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit a model on each panel, score it on held-out periods and write its live forecast.

    Nothing is trained where features, settings and code are unchanged since an earlier run.
    """
    with _answering(as_json, debug) as say:
        from forecaster import run

        values = _settings(settings, epochs, seed)
        project = _project(project_dir, profiles_dir, target, as_json)
        seconds = None if budget is None else 60 * budget
        outcomes = run.train(project, panel or [], model, values, force, tuned, source, seconds)
        say(
            _as_dict(outcomes),
            _lines(outcomes),
            "forecast report   (or forecast backtest to judge it)",
        )


@app.command(epilog="Example:  forecast predict --panel item_weekly")
def predict(
    panel: Panels = None,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Forecast each panel from its newest features, with its champion as it was trained."""
    with _answering(as_json, debug) as say:
        from forecaster import run

        outcomes = run.predict(_project(project_dir, profiles_dir, target, as_json), panel or [])
        say(_as_dict(outcomes), _lines(outcomes), "forecast publish")


@app.command(
    epilog="Example:  forecast backtest --panel item_weekly --model seasonal_mean --model lstm"
)
def backtest(
    panel: Panels = None,
    model: Models = None,
    epochs: Epochs = None,
    seed: Seed = None,
    settings: Settings = None,
    tuned: Tuned = False,
    force: Force = False,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit each model at each backtest cutoff, on what was known then, and score its forecasts."""
    with _answering(as_json, debug) as say:
        from forecaster import run

        values = _settings(settings, epochs, seed)
        project = _project(project_dir, profiles_dir, target, as_json)
        outcomes = run.backtest(project, panel or [], model or [], values, force, tuned)
        say(
            _as_dict(outcomes),
            _lines(outcomes),
            "forecast report   (accuracy against the baselines)",
        )


@app.command(
    epilog="Examples:\n\nforecast tune --panel item_weekly --trials 30\n\n"
    "forecast tune --model lstm --timeout 3600 --set units=64"
)
def tune(
    panel: Panels = None,
    model: OneModel = "lstm",
    trials: Annotated[
        int,
        typer.Option("--trials", metavar="N", min=1, help="Trials, those made before included."),
    ] = 20,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="SECONDS", min=0, help="Begin no trial of a panel after this time."
        ),
    ] = None,
    epochs: Epochs = None,
    seed: Seed = None,
    settings: Settings = None,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Search the settings of a model on periods before those of any backtest.

    Stopped in the middle, the same command goes on. Settings given with --set stay as they are.
    """
    with _answering(as_json, debug) as say:
        from forecaster import run

        values = _settings(settings, epochs, seed)
        project = _project(project_dir, profiles_dir, target, as_json)
        outcomes = run.tune(project, panel or [], model, values, trials, timeout)
        say(
            _as_dict(outcomes),
            _lines(outcomes),
            f"forecast backtest --model {model} --tuned",
        )


@app.command(epilog="Example:  forecast publish --out /shared/bi")
def publish(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Folder; by default published/ by the warehouse (published_TARGET/).",
        ),
    ] = None,
    allow_schema_change: Annotated[
        bool,
        typer.Option(
            "--allow-schema-change", metavar="", help="Publish marts whose columns have changed."
        ),
    ] = False,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a read-only copy of the marts for BI tools: a DuckDB file and Parquet."""
    with _answering(as_json, debug) as say:
        from forecaster.publish import publish as write

        project = _project(project_dir, profiles_dir, target, as_json)
        with project.progress.task("Publishing the marts"):
            published = write(project, out, allow_schema_change)
        say(
            _plain(published),
            str(published),
            f"open {published.database} with your BI tool, or forecast report",
        )


@app.command(epilog="Example:  forecast report --out report.html")
def report(
    panel: Panels = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page to write.")] = Path(
        "report.html"
    ),
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write one HTML page: forecasts, accuracy against baselines, training, data quality."""
    with _answering(as_json, debug) as say:
        from forecaster.report import write_report

        project = _project(project_dir, profiles_dir, target, as_json)
        with project.progress.task("Writing the report"):
            path = write_report(project, out, panels=panel or None)
        say({"report": str(path)}, f"The report is {path}.", f"open {path} in a browser")


@app.command(
    epilog="Examples:\n\nforecast init my_forecasts\n\n"
    "forecast init my_forecasts --warehouse shop.duckdb"
)
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the new dbt project.")],
    warehouse: Annotated[
        Path | None,
        typer.Option(
            "--warehouse",
            metavar="FILE",
            help="Your DuckDB file; its tables are mapped by their names.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="Name of the project; by default the folder's."
        ),
    ] = None,
    git: Annotated[
        str | None,
        typer.Option(
            "--git",
            metavar="URL",
            help="Import the package from this URL@revision, not from this machine.",
        ),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a dbt project that uses this package on your own tables."""
    with _answering(as_json, debug) as say:
        from forecaster.scaffold import init_project

        made = init_project(folder, warehouse, name, git)
        say(
            _plain(made),
            str(made),
            f"look through {folder}/dbt_project.yml, then cd {folder} && forecast build",
        )


@app.command(
    epilog="Examples:\n\nforecast demo --size tiny && forecast run --epochs 2\n\n"
    "forecast run --panel item_weekly"
)
def run(
    panel: Panels = None,
    model: OneModel = "lstm",
    epochs: Epochs = None,
    seed: Seed = None,
    settings: Settings = None,
    tuned: Tuned = False,
    force: Force = False,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The report to write.")] = Path(
        "report.html"
    ),
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """All in order: build, backtest against the baselines, train, publish, report."""
    with _answering(as_json, debug) as say:
        from forecaster import run as work
        from forecaster.publish import publish as write
        from forecaster.report import write_report

        values = _settings(settings, epochs, seed)
        project = _project(project_dir, profiles_dir, target, as_json)
        n_nodes = project.build()
        outcomes = work.run_all(project, panel or [], model, values, force, tuned)
        published = write(project)
        with project.progress.task("Writing the report"):
            path = write_report(project, out, panels=panel or None)
        say(
            {
                "nodes": n_nodes,
                **_as_dict(outcomes),
                "published": _plain(published),
                "report": str(path),
            },
            f"dbt built {n_nodes} nodes.\n{_lines(outcomes)}\n{published}",
            f"open {path}; the forecasts are the table fct_forecasts of {project.warehouse_path}",
        )


@runs_app.command("list", epilog="Example:  forecast runs list --panel item_weekly --limit 50")
def runs_list(
    panel: OnePanel = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Newest runs to show.")
    ] = 20,
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """The newest runs; a star marks each panel's champion."""
    with _answering(as_json, debug) as say:
        from forecaster import registry

        rows = registry.list_runs(
            _warehouse(project_dir, profiles_dir, target, as_json), panel, limit
        )
        title = f"  {'run':33} {'panel':20} {'model':14} {'status':9} {'rows':>14} {'seconds':>9}"
        lines = [
            f"{'*' if r['is_champion'] else ' '} {r['run_id']:33} {r['panel_name']:20} "
            f"{r['model_name']:14} {r['status']:9} {r['n_rows'] or 0:>9} rows "
            f"{r['seconds'] or 0:>7.1f} s  {r['error'] or ''}".rstrip()
            for r in rows
        ]
        say(
            {"runs": rows},
            "\n".join([title, *lines]) if rows else "There are no runs.",
            "forecast runs show RUN_ID" if rows else "forecast train",
        )


@runs_app.command("show", epilog="Example:  forecast runs show 20261122T171500-train-1a2b3c")
def runs_show(
    run_id: Annotated[str, typer.Argument(help="A run of `forecast runs list`.")],
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """All that is known of a run, and its metrics."""
    with _answering(as_json, debug) as say:
        from forecaster import registry

        warehouse = _warehouse(project_dir, profiles_dir, target, as_json)
        row, scores = registry.show(warehouse, run_id), registry.scores(warehouse, run_id)
        lines = [f"{name:22} {value}" for name, value in row.items() if value is not None]
        lines += [
            f"{s['cutoff']}  {s['level']:20} {s['metric_name']:26} {s['metric_value']:.5g}"
            for s in scores
            if s["metric_value"] is not None
        ]
        say({"run": row, "metrics": scores}, "\n".join(lines), f"forecast runs promote {run_id}")


@runs_app.command("promote", epilog="Example:  forecast runs promote 20261122T171500-train-1a2b3c")
def runs_promote(
    run_id: Annotated[str, typer.Argument(help="A complete train run.")],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it stands in model_promotions.")
    ] = "by hand",
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a trained run its panel's champion."""
    with _answering(as_json, debug) as say:
        from forecaster import run as work

        project = _project(project_dir, profiles_dir, target, as_json)
        row = work.promote(project, run_id, reason)
        say(
            {"panel_name": row["panel_name"], "champion": run_id},
            f"{run_id} is the champion of {row['panel_name']}.",
            f"forecast predict --panel {row['panel_name']}",
        )


@runs_app.command("rollback", epilog="Example:  forecast runs rollback --panel item_weekly")
def runs_rollback(
    panel: Annotated[str, typer.Option("--panel", metavar="PANEL", help="The panel to roll back.")],
    project_dir: ProjectDir = None,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make the champion before the present one champion again."""
    with _answering(as_json, debug) as say:
        from forecaster import run as work

        row = work.roll_back(_project(project_dir, profiles_dir, target, as_json), panel)
        say(
            {"panel_name": panel, "champion": row["run_id"]},
            f"{row['run_id']} ({row['model_name']}) is the champion of {panel} again.",
            f"forecast predict --panel {panel}",
        )


@contextmanager
def _answering(as_json: bool, debug: bool) -> Iterator[Callable[[dict[str, Any], str, str], None]]:
    """Print the answer and what is next; an error as message, remedy and exit code."""
    from forecaster.errors import FAILED, ForecastError

    def say(values: dict[str, Any], text: str, following: str) -> None:
        if as_json:
            typer.echo(json.dumps({**values, "next": following}, default=str, ensure_ascii=False))
        else:
            typer.echo(f"{text}\nNext: {following}")

    def fail(message: str, remedy: str, exit_code: int) -> typer.Exit:
        if debug:
            traceback.print_exc()
        if as_json:
            typer.echo(json.dumps({"error": message, "remedy": remedy}, ensure_ascii=False))
        else:
            typer.echo(f"Error: {message}", err=True)
            if remedy:
                typer.echo(f"Remedy: {remedy}", err=True)
        return typer.Exit(exit_code)

    # Not by way of SIGINT, which a shell's `&` leaves ignored.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield say
    except ForecastError as error:
        raise fail(error.message, error.remedy, error.exit_code) from error
    except KeyboardInterrupt as error:
        raise fail(
            "interrupted: what was complete is kept, nothing half done is",
            "run the command again",
            130,
        ) from error
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise fail(
            message, "this is a bug: add --debug and report what it prints", FAILED
        ) from error


def _project(
    project_dir: Path | None, profiles_dir: Path | None, target: str | None, as_json: bool
) -> Project:
    from forecaster.progress import BarProgress, LineProgress, Progress
    from forecaster.project import Project

    spoken = BarProgress if sys.stderr.isatty() else LineProgress
    progress = Progress() if as_json else spoken()
    return Project(project_dir, profiles_dir, target, progress)


def _warehouse(
    project_dir: Path | None, profiles_dir: Path | None, target: str | None, as_json: bool
) -> Any:
    from forecaster.warehouse import Warehouse

    return Warehouse(_project(project_dir, profiles_dir, target, as_json))


def _settings(pairs: list[str] | None, epochs: int | None, seed: int | None) -> dict[str, Any]:
    from forecaster.config import parse_assignments

    given = {"epochs": epochs, "seed": seed}
    return {**parse_assignments(pairs or []), **{k: v for k, v in given.items() if v is not None}}


def _as_dict(outcomes: list[Outcome]) -> dict[str, Any]:
    return {"runs": [_plain(outcome) for outcome in outcomes]}


def _plain(value: Any) -> Any:
    import dataclasses

    is_record = dataclasses.is_dataclass(value) and not isinstance(value, type)
    return dataclasses.asdict(value) if is_record else {"result": str(value)}


def _lines(outcomes: list[Outcome]) -> str:
    return "\n".join(outcome.describe() for outcome in outcomes)


if __name__ == "__main__":
    app()
