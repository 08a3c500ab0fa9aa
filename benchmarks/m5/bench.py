"""Run what is missing, each peer and cutoff in a process of its own; score all; print the table.

    python bench.py WORK_FOLDER --project FOLDER [--peers NAME,NAME] [--cutoffs DAY,DAY] [--budgets]

PROJECT is that of `examples/m5`, whose warehouse ours are fitted from. A forecast that is there is
not made again, so that a stopped run goes on where it was. A peer that fails is reported and the
others go on. `NAME@25` is a peer with a budget of its own, 25 steps or
trees; with `--budgets` the peers of `BUDGETS` are run at theirs, and what is printed is how many
seconds each takes to become how accurate.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from score import score

CUTOFFS = "2016-02-28,2016-03-13,2016-03-27"
HERE = Path(__file__).parent
OUR_PYTHON = HERE.parents[1] / ".venv" / "bin" / "python"
BAR = "seasonal_naive"
"""A peer with a worse score than this has not learned: it is not compared with."""


@dataclass(frozen=True)
class Peer:
    """A peer of the table: its module in `peers`, its file in `environments`, its settings.

    `builds_on` is the peer whose forecasts it reads, and whose costs count here too; `budget` the
    setting that says how long it trains.
    """

    module: str
    environment: str = "trees"
    builds_on: str | None = None
    budget: str | None = None
    settings: dict = field(default_factory=dict)


def neural(model: str, steps: int, **settings) -> Peer:
    settings |= {"model": model, "steps": steps}
    return Peer("networks", "neural", budget="steps", settings=settings)


OURS = "ours"


def our(model: str, budget: str | None = None) -> Peer:
    return Peer(model, OURS, budget=budget)


PEERS = {
    "seasonal_naive": Peer("seasonal_naive"),
    "seasonal_mean": Peer("seasonal_mean"),
    "lightgbm_tweedie": Peer("lightgbm_tweedie", budget="n_estimators"),
    "lightgbm_reconciled": Peer("lightgbm_reconciled", builds_on="lightgbm_tweedie"),
    "auto_ets": Peer("auto_ets", "stats"),
    "nf_lstm": neural("LSTM", 250),
    "nf_nhits": neural("NHITS", 400, learning_rate=3e-3),
    "nf_deepar": neural("DeepAR", 400, learning_rate=1e-2, series=64, windows=512),
    "nf_tft": neural("TFT", 150, windows=128),
    "gluonts_deepar": Peer("gluonts_deepar", "neural", budget="batches"),
    "ours_seasonal_mean": our("seasonal_mean"),
    "ours_linear": our("linear", "max_rows"),
    "ours_lstm": our("lstm", "epochs"),
    "ours_cnn": our("cnn", "epochs"),
    "ours_vae": our("vae", "epochs"),
    "ours_ensemble": our("ensemble"),
}
BUDGETS = {
    "ours_linear": [50_000, 100_000, 2_000_000],
    "ours_lstm": [1, 2],
    "lightgbm_tweedie": [10, 25, 50, 200],
    "nf_lstm": [25, 50, 100, 500],
}
"""Beside the budgets that `PEERS` and `tuned` have."""
BARS = ["seasonal_mean", "lightgbm_tweedie"]
"""Whose accuracy is to be reached."""
AT = "@"


def settings(name: str, forecasts: Path, cutoff: str) -> dict:
    base, _, budget = name.partition(AT)
    peer = PEERS[base]
    tuned = HERE / "tuned" / f"{base}.json"
    found = json.loads(tuned.read_text())["settings"] if tuned.exists() else {}
    if peer.builds_on:
        found["bottom"] = str(forecasts / peer.builds_on / f"{cutoff}.parquet")
    found |= peer.settings
    return found | ({peer.budget: int(budget)} if budget else {})


def run(name: str, cutoff: str, work: Path, project: Path) -> None:
    """Forecasts of one peer at one cutoff, unless they are there."""
    out = work / "forecasts" / name / f"{cutoff}.parquet"
    if out.exists():
        return
    print(f"{name} at {cutoff} …", flush=True)
    peer = PEERS[name.partition(AT)[0]]
    given = json.dumps(settings(name, work / "forecasts", cutoff))
    if peer.environment == OURS:
        command = [OUR_PYTHON, HERE / "fit.py", project, peer.module, cutoff, out, given]
    else:
        python = work / peer.environment / "bin" / "python"
        arguments = [peer.module, cutoff, work / "inputs", out, given]
        command = [python, "-W", "ignore", HERE / "worker.py", *arguments]
    if subprocess.run(command, check=False).returncode:
        print(f"{name} at {cutoff} failed: it is left out", file=sys.stderr)


COSTS = ["seconds", "processor_seconds", "peak_memory_mb"]


def costs(name: str, cutoff: str, forecasts: Path) -> dict:
    """By the clock, of the processor, and peak memory, with those of what it builds on."""
    own = json.loads((forecasts / name / f"{cutoff}.json").read_text())
    found = {cost: own.get(cost, float("nan")) for cost in COSTS}
    if name in PEERS and (below := PEERS[name].builds_on):
        lower = costs(below, cutoff, forecasts)
        peak = max(found["peak_memory_mb"], lower["peak_memory_mb"])
        found = {cost: found[cost] + lower[cost] for cost in COSTS} | {"peak_memory_mb": peak}
    return found


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "")
    return f"{os.cpu_count()} cores {model or platform.machine()}, {memory:.0f} GB"


def scored(work: Path, files: list[Path]) -> pd.DataFrame:
    """One row per forecast: scores and, by level, the weighted RMSSE.

    What was scored since the forecast was written is read from `scores`, not scored again.
    """
    kept = {file: work / "scores" / file.parent.name / f"{file.stem}.json" for file in files}
    stale = [
        file
        for file, beside in kept.items()
        if not beside.exists() or beside.stat().st_mtime < file.stat().st_mtime
    ]
    if stale:
        found = score(work / "inputs", stale)
        levels = found.sql("select model_name, cutoff, level, weighted_rmsse from rmsse_by_level")
        keys = ["model_name", "cutoff"]
        by_level = levels.df().pivot(index=keys, columns="level", values="weighted_rmsse")
        rows = found.sql("from scores").df().merge(by_level.reset_index(), on=keys)
        rows["cutoff"] = rows["cutoff"].astype(str).str[:10]
        for row in rows.to_dict("records"):
            beside = work / "scores" / row["model_name"] / f"{row['cutoff']}.json"
            beside.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(row))
    return pd.DataFrame([json.loads(beside.read_text()) for beside in kept.values()])


def with_costs(work: Path, files: list[Path]) -> pd.DataFrame:
    """One row a forecast: scores, bias, costs, and by level the weighted RMSSE."""
    rows = scored(work, files)
    pairs = zip(rows["model_name"], rows["cutoff"], strict=True)
    cost = [costs(name, cutoff, work / "forecasts") for name, cutoff in pairs]
    place = list(rows.columns).index("relative_bias") + 1
    for offset, name in enumerate(COSTS):
        rows.insert(place + offset, name, [of[name] for of in cost])
    return rows


def table(work: Path, cutoffs: list[str]) -> pd.DataFrame:
    """One row per cutoff and model, and the mean of the models that have all the cutoffs."""
    files = [file for day in cutoffs for file in (work / "forecasts").glob(f"*/{day}.parquet")]
    rows = with_costs(work, sorted(file for file in files if AT not in file.parent.name))
    bar = rows[rows["model_name"] == BAR].set_index("cutoff")["weighted_rmsse"]
    worse = rows["weighted_rmsse"] > rows["cutoff"].map(bar)
    rows.insert(
        list(rows.columns).index(COSTS[-1]) + 1,
        "remark",
        worse.map({True: "not converged", False: ""}),
    )
    everywhere = rows.groupby("model_name").filter(lambda of: len(of) == rows["cutoff"].nunique())
    means = everywhere.groupby("model_name").mean(numeric_only=True).reset_index()
    rows = pd.concat([rows, means.assign(cutoff="mean", remark="")])
    return rows.sort_values(["cutoff", "weighted_rmsse"]).set_index("cutoff")


def page(rows: pd.DataFrame) -> str:
    """The table as docs/benchmarks.md has it: one row a model, best mean first."""
    cutoffs = sorted(set(rows.index) - {"mean"})
    titles = ["model", *cutoffs, "mean", "bias", "processor, s", "clock, s", "memory"]
    lines = ["| " + " | ".join(titles) + " |"]
    lines.append("|---" * len(titles) + "|")
    by_model = rows.reset_index().groupby("model_name")
    order = by_model["weighted_rmsse"].mean().sort_values().index
    for name in order:
        of = by_model.get_group(name).set_index("cutoff")
        cells = []
        for cutoff in [*cutoffs, "mean"]:
            if cutoff not in of.index:
                cells.append("not run" if cutoff != "mean" else "")
                continue
            row = of.loc[cutoff]
            mark = " †" if row["remark"] else ""
            cells.append(f"{row['weighted_rmsse']:.4f} ({row['pinball_of_levels']:.3f}){mark}")
        runs = of.drop(index="mean", errors="ignore")
        used = runs["processor_seconds"].mean()
        cells.append(f"{100 * runs['relative_bias'].mean():+.1f} %")
        cells.append("" if pd.isna(used) else f"{used:.0f}")
        cells.append(f"{runs['seconds'].mean():.0f}")
        cells.append(f"{runs['peak_memory_mb'].max() / 1024:.1f} GB")
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines).replace(" (nan)", "")


def budgets(work: Path, cutoffs: list[str]) -> pd.DataFrame:
    """Means over the cutoffs: model, budget, weighted RMSSE, pinball and costs, by seconds.

    Of the models that were run at several budgets, ours too; the budget of a name without one is
    that of the table.
    """
    folders = sorted((work / "forecasts").glob(f"*{AT}*"))
    names = sorted({folder.name.partition(AT)[0] for folder in folders})
    parts = []
    for folder in [work / "forecasts" / name for name in names] + folders:
        files = [folder / f"{day}.parquet" for day in cutoffs]
        if all(file.exists() for file in files):
            of = with_costs(work, files).mean(numeric_only=True)
            model, _, budget = folder.name.partition(AT)
            kept = of[["weighted_rmsse", "pinball_of_levels", *COSTS]]
            parts.append({"model": model, "budget": budget, **kept})
    return pd.DataFrame(parts).sort_values(["model", "processor_seconds"])


def reached(found: pd.DataFrame, bars: dict[str, float]) -> str:
    """A table of the processor's seconds after which each model was first below each bar."""
    titles = [f"{name} ({bar:.4f})" for name, bar in bars.items()]
    lines = ["| model | " + " | ".join(titles) + " |", "|---" * (len(bars) + 1) + "|"]
    for model, of in found.groupby("model"):
        cells = []
        for bar in bars.values():
            seconds = of.loc[of["weighted_rmsse"] <= bar, "processor_seconds"]
            cells.append(f"{seconds.min():.0f}" if len(seconds) else "not reached")
        lines.append(f"| `{model}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--cutoffs", default=CUTOFFS)
    parser.add_argument("--budgets", action="store_true")
    arguments = parser.parse_args()
    cutoffs, names = arguments.cutoffs.split(","), arguments.peers.split(",")
    if arguments.budgets:
        ladders = {name: of for name, of in BUDGETS.items() if name in names}
        names = [BARS[0], *ladders]
        names += [f"{name}{AT}{budget}" for name, of in ladders.items() for budget in of]
    for cutoff in cutoffs:
        for name in filter(None, names):
            run(name, cutoff, arguments.work, arguments.project)
    if arguments.budgets:
        print_budgets(arguments.work, cutoffs)
    else:
        print_table(arguments.work, cutoffs)


def print_budgets(work: Path, cutoffs: list[str]) -> None:
    found = budgets(work, cutoffs)
    found.to_csv(work / "budgets.csv", index=False)
    bars = {}
    for name in BARS:
        files = [work / "forecasts" / name / f"{cutoff}.parquet" for cutoff in cutoffs]
        if all(file.exists() for file in files):  # else nobody can be held to it
            bars[name] = scored(work, files)["weighted_rmsse"].mean()
    print(f"\nM5, 28 days after {', '.join(cutoffs)}; {machine()}\n")
    print(found.to_string(index=False, float_format="{:.4g}".format))
    print("\nSeconds of the processor to the accuracy of\n")
    print(reached(found, bars))


def print_table(work: Path, cutoffs: list[str]) -> None:
    found = table(work, cutoffs)
    found.to_csv(work / "table.csv")
    print(f"\nM5, 28 days after each cutoff; {machine()}")
    print("weighted_rmsse is the mean of levels 1 to 9 and 12, which stand on the right\n")
    print(found.to_string(float_format="{:.4g}".format))
    print(f"\nIn brackets the weighted scaled pinball loss of the levels; † worse than {BAR}\n")
    print(page(found))


if __name__ == "__main__":
    main()
