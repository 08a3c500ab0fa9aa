"""The `forecast` command: call and answer. What it does stands in the package `forecaster`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import typer

from forecaster import __version__
from forecaster.commands import Answer, Place, answering, command
from forecaster.options import (
    Budget,
    Debug,
    Epochs,
    Force,
    Json,
    Models,
    OneModel,
    OnePanel,
    Panels,
    Seed,
    Settings,
    Source,
    Tuned,
    settings_of,
)

app = typer.Typer(
    name="forecast",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Demand forecasts as tables of your warehouse.\n\n"
    "dbt prepares the features, this command trains on them and writes forecasts, their accuracy "
    "and the decisions that follow from them back as tables.",
    epilog="Start here:           [bold]forecast demo && forecast run[/bold]\n\n"
    "On your own tables:   [bold]forecast init --help[/bold]\n\n"
    "Exit codes: 0 done, 1 the work failed, 2 bad usage or input, 3 the warehouse is locked "
    "or read-only, 130 interrupted.",
)
runs_app = typer.Typer(
    no_args_is_help=True, help="List runs, show one, promote a model, roll back."
)
app.add_typer(runs_app, name="runs")


@app.callback(invoke_without_command=True)
def forecast(
    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Print the version.")
    ] = False,
) -> None:
    if version:
        typer.echo(f"forecast {__version__}")
        raise typer.Exit


@command(app, epilog="Example:  forecast demo --size tiny --seed 7")
def demo(
    place: Place,
    size: Annotated[
        Literal["tiny", "default", "large"], typer.Option("--size", help="How much of a shop.")
    ] = "default",
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="The same seed gives the same shop.")
    ] = 1,
) -> Answer:
    """Simulate a shop's raw tables in the warehouse, to try everything on."""
    from forecaster import warehouse_file
    from forecaster.demo import simulate

    project = place.project()
    path = project.warehouse_path
    with project.progress.task(f"Simulating the {size} shop"), warehouse_file.explained(path):
        summary = simulate(size, path, seed)
    return Answer(
        {"warehouse": str(path), "size": size, "seed": seed},
        f"The {size} demo shop is in {path}, schema raw.",
        summary.next_step,
    )


@command(app, epilog="Example:  forecast build --target prod")
def build(
    place: Place,
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
) -> Answer:
    """Run `dbt build`: clean, impute, engineer features, refresh marts, test everything."""
    project = place.project()
    n_nodes = project.build(*(select or []), full_refresh=full_refresh)
    return Answer(
        {"nodes": n_nodes, "target": project.target, "warehouse": str(project.warehouse_path)},
        f"dbt built {n_nodes} nodes of target {project.target} in {project.warehouse_path}.",
        "forecast train",
    )


@command(
    app,
    epilog="Examples:\n\nforecast train\n\n"
    "forecast train --panel item_weekly --model lstm_stacked --epochs 20\n\n"
    "forecast train --model seasonal_mean --set n_seasons=8",
)
def train(
    place: Place,
    panel: Panels = None,
    model: OneModel = "lstm",
    epochs: Epochs = None,
    seed: Seed = None,
    settings: Settings = None,
    tuned: Tuned = False,
    source: Source = None,
    budget: Budget = None,
    force: Force = False,
) -> Answer:
    """Fit a model on each panel, score it on held-out periods and write its live forecast.

    Nothing is trained where features, settings and code are unchanged since an earlier run.
    """
    from forecaster import run

    values = settings_of(settings, epochs, seed)
    project = place.project()
    seconds = None if budget is None else 60 * budget
    outcomes = run.train(project, panel or [], model, values, force, tuned, source, seconds)
    return Answer.of_runs(outcomes, "forecast report   (or forecast backtest to judge it)")


@command(app, epilog="Example:  forecast predict --panel item_weekly")
def predict(place: Place, panel: Panels = None) -> Answer:
    """Forecast each panel from its newest features, with its champion as it was trained."""
    from forecaster import run

    outcomes = run.predict(place.project(), panel or [])
    return Answer.of_runs(outcomes, "forecast publish")


@command(
    app, epilog="Example:  forecast backtest --panel item_weekly --model seasonal_mean --model lstm"
)
def backtest(
    place: Place,
    panel: Panels = None,
    model: Models = None,
    epochs: Epochs = None,
    seed: Seed = None,
    settings: Settings = None,
    tuned: Tuned = False,
    force: Force = False,
) -> Answer:
    """Fit each model at each backtest cutoff, on what was known then, and score its forecasts."""
    from forecaster import run

    values = settings_of(settings, epochs, seed)
    project = place.project()
    outcomes = run.backtest(project, panel or [], model or [], values, force, tuned)
    return Answer.of_runs(outcomes, "forecast report   (accuracy against the baselines)")


@command(
    app,
    epilog="Examples:\n\nforecast tune --panel item_weekly --trials 30\n\n"
    "forecast tune --model lstm --timeout 3600 --set units=64",
)
def tune(
    place: Place,
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
) -> Answer:
    """Search the settings of a model on periods before those of any backtest.

    Stopped in the middle, the same command goes on. Settings given with --set stay as they are.
    """
    from forecaster import run

    values = settings_of(settings, epochs, seed)
    project = place.project()
    outcomes = run.tune(project, panel or [], model, values, trials, timeout)
    return Answer.of_runs(outcomes, f"forecast backtest --model {model} --tuned")


@command(app, epilog="Example:  forecast publish --out /shared/bi")
def publish(
    place: Place,
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
) -> Answer:
    """Write a read-only copy of the marts for BI tools: a DuckDB file and Parquet."""
    from forecaster.publish import publish as write

    project = place.project()
    with project.progress.task("Publishing the marts"):
        published = write(project, out, allow_schema_change)
    return Answer(
        dataclasses.asdict(published),
        str(published),
        f"open {published.database} with your BI tool, or forecast report",
    )


@command(app, epilog="Example:  forecast report --out report.html")
def report(
    place: Place,
    panel: Panels = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page to write.")] = Path(
        "report.html"
    ),
) -> Answer:
    """Write one HTML page: forecasts, accuracy against baselines, training, data quality."""
    from forecaster.report import write_report

    project = place.project()
    with project.progress.task("Writing the report"):
        path = write_report(project, out, panels=panel or None)
    return Answer({"report": str(path)}, f"The report is {path}.", f"open {path} in a browser")


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
    with answering(as_json, debug) as say:
        from forecaster.scaffold import init_project

        made = init_project(folder, warehouse, name, git)
        following = f"look through {folder}/dbt_project.yml, then cd {folder} && forecast build"
        say(Answer(dataclasses.asdict(made), str(made), following))


@command(
    app,
    epilog="Examples:\n\nforecast demo --size tiny && forecast run --epochs 2\n\n"
    "forecast run --panel item_weekly",
)
def run(
    place: Place,
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
) -> Answer:
    """All in order: build, backtest against the baselines, train, publish, report."""
    from forecaster import run as work
    from forecaster.publish import publish as write
    from forecaster.report import write_report

    values = settings_of(settings, epochs, seed)
    project = place.project()
    n_nodes = project.build()
    outcomes = work.run_all(project, panel or [], model, values, force, tuned)
    published = write(project)
    with project.progress.task("Writing the report"):
        path = write_report(project, out, panels=panel or None)
    table = f"the table fct_forecasts of {project.warehouse_path}"
    ran = Answer.of_runs(outcomes, f"open {path}; the forecasts are {table}")
    others = {"published": dataclasses.asdict(published), "report": str(path)}
    text = f"dbt built {n_nodes} nodes.\n{ran.text}\n{published}"
    return Answer({"nodes": n_nodes, **ran.values, **others}, text, ran.following)


@command(runs_app, "list", epilog="Example:  forecast runs list --panel item_weekly --limit 50")
def runs_list(
    place: Place,
    panel: OnePanel = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Newest runs to show.")
    ] = 20,
) -> Answer:
    """The newest runs; a star marks each panel's champion."""
    from forecaster import registry

    rows = registry.list_runs(place.warehouse(), panel, limit)
    following = "forecast runs show RUN_ID" if rows else "forecast train"
    return Answer({"runs": rows}, registry.describe_list(rows), following)


@command(runs_app, "show", epilog="Example:  forecast runs show 20261122T171500-train-1a2b3c")
def runs_show(
    place: Place,
    run_id: Annotated[str, typer.Argument(help="A run of `forecast runs list`.")],
) -> Answer:
    """All that is known of a run, and its metrics."""
    from forecaster import registry

    warehouse = place.warehouse()
    row, scores = registry.show(warehouse, run_id), registry.scores(warehouse, run_id)
    text, following = registry.describe(row, scores), f"forecast runs promote {run_id}"
    return Answer({"run": row, "metrics": scores}, text, following)


@command(runs_app, "promote", epilog="Example:  forecast runs promote 20261122T171500-train-1a2b3c")
def runs_promote(
    place: Place,
    run_id: Annotated[str, typer.Argument(help="A complete train run.")],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it stands in model_promotions.")
    ] = "by hand",
) -> Answer:
    """Make a trained run its panel's champion."""
    from forecaster import run as work

    row = work.promote(place.project(), run_id, reason)
    return Answer(
        {"panel_name": row["panel_name"], "champion": run_id},
        f"{run_id} is the champion of {row['panel_name']}.",
        f"forecast predict --panel {row['panel_name']}",
    )


@command(runs_app, "rollback", epilog="Example:  forecast runs rollback --panel item_weekly")
def runs_rollback(
    place: Place,
    panel: Annotated[str, typer.Option("--panel", metavar="PANEL", help="The panel to roll back.")],
) -> Answer:
    """Make the champion before the present one champion again."""
    from forecaster import run as work

    row = work.roll_back(place.project(), panel)
    return Answer(
        {"panel_name": panel, "champion": row["run_id"]},
        f"{row['run_id']} ({row['model_name']}) is the champion of {panel} again.",
        f"forecast predict --panel {panel}",
    )


if __name__ == "__main__":
    app()
