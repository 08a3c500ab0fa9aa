"""`forecast report`: one HTML page that needs nothing but a browser."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from forecaster import __version__, marts, periods
from forecaster.errors import BAD_INPUT, LOCKED, ForecastError
from forecaster.marts import Marts, Rows
from forecaster.project import Project
from forecaster.warehouse import Warehouse

TEMPLATES = Path(__file__).parent / "templates"
BOTTOM = "bottom"

# Numbers in the page's data. Eight characters each and Plotly's 5 MB stay below 15 MB.
MAX_NUMBERS = 1_200_000
# Periods of history that are shown at most, and those of a year.
MAX_HISTORY = {"day": 1100, "week": 210, "month": 120}
YEAR = {"day": 364, "week": 52, "month": 12}

MEASURES = (
    "rmsse",
    "wape",
    "mae",
    "rmse",
    "relative_bias",
    "coverage",
    "mase",
    "crps",
    "weighted_rmsse",
    "weighted_scaled_pinball",
    "mse_standardised",
    "smape",
)


def write_report(project: Project, out: Path, panels: Sequence[str] | None = None) -> Path:
    """Write the page and return its path; the page that was there stays until it is whole."""
    page = render(collect(Warehouse(project), panels or ()))
    out = Path(out).absolute()
    staged = out.with_name(f".{out.name}.new")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        staged.write_text(page, encoding="utf-8")
        staged.replace(out)
    except OSError as error:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
        raise ForecastError(
            f"cannot write {out}: {error.strerror}", "choose another place with --out", LOCKED
        ) from None
    return out


# -- what the page shows


def collect(warehouse: Warehouse, wanted: Sequence[str] = ()) -> dict[str, Any]:
    """All the page's data, as JSON can hold it."""
    settings = marts.panel_settings(warehouse, wanted)
    unknown = set(wanted) - {panel["name"] for panel in settings}
    if unknown:
        raise ForecastError(
            f"there is no panel {', '.join(sorted(unknown))} with history",
            "`forecast report` without --panel shows all there are",
            BAD_INPUT,
        )
    counted = marts.quality(warehouse)
    budget = MAX_NUMBERS // max(1, len(settings))
    panels = [collect_panel(Marts(warehouse, one["name"]), one, budget) for one in settings]
    for panel in panels:
        panel["quality"] = [
            quality_row(row)
            for row in counted
            if row["subject"] == "panel" and row["subject_name"] == panel["name"]
        ]
    inputs = [row for row in counted if row["subject"] == "input"]
    return {
        "standing": standing(panels),
        "colophon": f"Made by warehouse-forecaster {__version__} from {warehouse.path.name}, "
        f"target {warehouse.project.target}.",
        "panels": panels,
        "inputs": [quality_row(row) for row in inputs],
        "inputs_words": input_words(inputs),
    }


def collect_panel(source: Marts, settings: Mapping[str, Any], budget: int) -> dict[str, Any]:
    """One panel; series beyond the budget of numbers are left to the tables, and counted."""
    frequency, horizon = settings["frequency"], settings["horizon"]
    last = settings["last_period"]
    first = max(settings["first_period"], periods.back(last, frequency, MAX_HISTORY[frequency]))
    champion = source.champion()
    nodes = source.nodes(periods.back(last, frequency, YEAR[frequency]))
    n_periods = periods.between(first, last, frequency)
    kept = nodes[: max(50, budget // (n_periods + 20 * horizon))]
    series, labels = [], source.labels()
    for level in dict.fromkeys(node["level"] for node in kept):
        at_level = {n["node_id"]: n["rate"] for n in kept if n["level"] == level}
        demand = {row["node_id"]: row for row in source.demand(first, level, list(at_level))}
        series += [
            {
                "id": node_id,
                "label": labels.get(node_id, "") if level == BOTTOM else "",
                "level": level,
                "rate": _number(rate),
                "start": demand[node_id]["start"],
                "y": _numbers(demand[node_id]["y"]),
                "stockouts": demand[node_id]["stockouts"] or [],
            }
            for node_id, rate in at_level.items()
            if node_id in demand
        ]
    places = {(one["level"], one["id"]): place for place, one in enumerate(series)}
    if champion:
        add_live(source, champion, series, places)
    axis = periods.axis(first, last, horizon, frequency)
    offsets = {ds: offset for offset, ds in enumerate(axis)}
    for one in series:
        one["start"] = offsets[one["start"]]
        if "live" in one:
            one["live"]["start"] = offsets[one["live"]["start"]]
    scored = source.accuracy()
    return {
        **{key: _text(value) for key, value in settings.items()},
        "grain": settings["grain"].split("/"),
        "ds": axis,
        "series": series,
        "left_out": len(nodes) - len(kept),
        "champion": champion["model_name"] if champion else None,
        "champion_runs": [champion["run_id"], champion["trained_by"]] if champion else [],
        "reason": champion["reason"] if champion else None,
        "confidence": champion["confidence"] if champion else None,
        "backtests": backtests(source, places, offsets),
        "scored": "validation" if scored and scored[0]["kind"] == "train" else "backtest",
        "accuracy": scores(scored, by_step=False),
        "steps": mean_over_cutoffs(scores(scored, by_step=True)),
        "training": training(source.training()),
        "runs": [{**run, "seconds": _number(run["seconds"])} for run in source.runs()],
    }


def add_live(
    source: Marts,
    champion: Mapping[str, Any],
    series: list[dict[str, Any]],
    places: Mapping[tuple[str, str], int],
) -> None:
    """The live forecast of every series that is shown, with its quantiles and range of the sum."""
    run_id, cutoff, confidence = champion["run_id"], champion["cutoff"], champion["confidence"]
    for row in source.live(run_id, cutoff):
        place = places.get((row["level"], row["unique_id"]))
        if place is not None:
            series[place]["live"] = {
                "start": row["start"],
                "yhat": _numbers(row["yhat"]),
                "lower": _numbers(row["lower"]),
                "upper": _numbers(row["upper"]),
                "confidence": confidence,
                "status": row["status"],
                "quantiles": {},
            }
    for row in source.fan(run_id, cutoff):
        place = places.get((row["level"], row["unique_id"]))
        if place is not None and "live" in series[place]:
            series[place]["live"]["quantiles"][f"{row['quantile']:g}"] = _numbers(row["value"])
    for row in source.totals(run_id, cutoff, confidence):
        place = places.get((row["level"], row["unique_id"]))
        if place is not None and "live" in series[place] and row["lower"] is not None:
            series[place]["live"]["total"] = _numbers([row["lower"], row["upper"]])


def backtests(
    source: Marts, places: Mapping[tuple[str, str], int], offsets: Mapping[str, int]
) -> list[dict[str, Any]]:
    """By model and cutoff: forecasts by series, in the order of the series."""
    bottom = [unique_id for level, unique_id in places if level == BOTTOM]
    found: dict[tuple[str, dt.date], dict[str, Any]] = {}
    for row in source.backtests(bottom):
        place = places.get((row["level"], row["unique_id"]))
        if place is None or row["start"] not in offsets:
            continue
        one = found.setdefault(
            (row["model_name"], row["cutoff"]),
            {
                "model": row["model_name"],
                "start": offsets[row["start"]],
                "yhat": [None] * len(places),
            },
        )
        one["yhat"][place] = _numbers(row["yhat"])
    return list(found.values())


def scores(rows: Rows, by_step: bool) -> list[dict[str, Any]]:
    """One row a score; with `by_step` only those of a step, else only those of all steps."""
    return [
        {
            "level": row["level"],
            "model": row["model_name"],
            "cutoff": row["cutoff_on"],
            "step": row["horizon_step"],
            "metric": metric,
            "value": _number(row[metric]),
        }
        for row in rows
        if (row["horizon_step"] is not None) == by_step
        for metric in MEASURES
        if row.get(metric) is not None
    ]


def mean_over_cutoffs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each step's mean score."""
    grouped: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        key = (row["level"], row["model"], row["step"], row["metric"])
        grouped.setdefault(key, []).append(row["value"])
    names = ("level", "model", "step", "metric")
    return [
        {**dict(zip(names, key, strict=True)), "value": _number(sum(values) / len(values))}
        for key, values in grouped.items()
    ]


def training(rows: Rows) -> list[dict[str, Any]]:
    """One curve a fit."""
    curves: dict[str, dict[str, Any]] = {}
    for row in rows:
        key = f"{row['run_id']} {row['cutoff']}"
        curve = curves.setdefault(
            key,
            {
                "key": key,
                "model": row["model_name"],
                "cutoff": row["cutoff"],
                "started_at": row["started_at"],
                "epochs": [],
                "train": [],
                "validation": [],
            },
        )
        curve["epochs"].append(row["epoch"])
        curve["train"].append(_number(row["train"]))
        curve["validation"].append(_number(row["validation"]))
    return list(curves.values())


def quality_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A count, as the page's tables show it."""
    return {
        "subject": row["subject_name"],
        "check": row["check_name"],
        "treatment": row["treatment"],
        "rows": row["n_rows"],
        "quantity": _number(row["quantity"]),
        "example": row["first_example"],
    }


def input_words(rows: Rows) -> str:
    """The counts of the inputs in a sentence."""

    def total(treatment: str) -> int:
        return sum(row["n_rows"] for row in rows if row["treatment"] == treatment)

    n_inputs = len({row["subject_name"] for row in rows})
    if not n_inputs:
        return "No input was read yet."
    return (
        f"{total('read'):,} rows of {n_inputs} {'inputs' if n_inputs > 1 else 'input'} came in. "
        f"{total('rejected'):,} were rejected and {total('changed'):,} changed; each is counted "
        "below by its reason, with the first example."
    )


def standing(panels: Sequence[Mapping[str, Any]]) -> str:
    """The page's first sentence."""
    now = dt.datetime.now(dt.UTC)
    made = f"This page was made on {now.day} {now:%B %Y, %H:%M} UTC."
    if not panels:
        return made
    n_series = sum(panel["n_series"] for panel in panels)
    kinds = f"{len(panels)} {'panels' if len(panels) > 1 else 'panel'}"
    return f"{kinds}, {n_series:,} series. {made}"


# -- the page


def render(data: Mapping[str, Any]) -> str:
    """Template, style, script, Plotly and data in one file."""
    from plotly.offline import get_plotlyjs

    def template(name: str) -> str:
        return (TEMPLATES / name).read_text(encoding="utf-8")

    parts = {
        "style": template("page.css"),
        "script": template("page.js"),
        "plotly": get_plotlyjs(),
        "data": embedded(data),
    }
    return re.sub(r"/\*\{(\w+)\}\*/", lambda found: parts[found.group(1)], template("page.html"))


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in, whatever the names of the items are."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


# -- small numbers


def _number(value: float | None) -> float | None:
    """Four digits are more than a chart shows; what is not finite is not there."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.4g}") if abs(value) < 1e4 else round(value)
    return int(short) if short == int(short) else short


def _numbers(values: Sequence[float | None]) -> list[float | None]:
    return [_number(value) for value in values]


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
