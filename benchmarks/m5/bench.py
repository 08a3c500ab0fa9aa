"""Run what is missing, each peer and cutoff in a process of its own; score all; print the table.

    python bench.py WORK_FOLDER [--peers NAME,NAME] [--cutoffs DAY,DAY]

A forecast that is there is not made again, so that a stopped run goes on where it was. A peer that
fails is reported and the others go on.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from score import score

CUTOFFS = "2016-02-28,2016-03-13,2016-03-27"
HERE = Path(__file__).parent
BAR = "seasonal_naive"
"""A peer with a worse score than this has not learned: it is not compared with."""


@dataclass(frozen=True)
class Peer:
    """The file in `environments` it runs in, and the peer whose forecasts it reads."""

    environment: str
    builds_on: str | None = None


PEERS = {
    "seasonal_naive": Peer("trees"),
    "seasonal_mean": Peer("trees"),
    "lightgbm_tweedie": Peer("trees"),
    "lightgbm_reconciled": Peer("trees", builds_on="lightgbm_tweedie"),
}


def settings(name: str, forecasts: Path, cutoff: str) -> dict:
    tuned = HERE / "tuned" / f"{name}.json"
    found = json.loads(tuned.read_text())["settings"] if tuned.exists() else {}
    if below := PEERS[name].builds_on:
        found["bottom"] = str(forecasts / below / f"{cutoff}.parquet")
    return found


def run(name: str, cutoff: str, work: Path) -> None:
    """Forecasts of one peer at one cutoff, unless they are there."""
    out = work / "forecasts" / name / f"{cutoff}.parquet"
    if out.exists():
        return
    print(f"{name} at {cutoff} …", flush=True)
    python = work / PEERS[name].environment / "bin" / "python"
    given = json.dumps(settings(name, work / "forecasts", cutoff))
    arguments = [name, cutoff, work / "inputs", out, given]
    command = [python, "-W", "ignore", HERE / "worker.py", *arguments]
    if subprocess.run(command, check=False).returncode:
        print(f"{name} at {cutoff} failed: it is left out", file=sys.stderr)


def costs(name: str, cutoff: str, forecasts: Path) -> tuple[float, float]:
    """Seconds, with those of what it builds on, and peak memory in MB."""
    own = json.loads((forecasts / name / f"{cutoff}.json").read_text())
    below = PEERS[name].builds_on if name in PEERS else None
    seconds, peak = costs(below, cutoff, forecasts) if below else (0.0, 0.0)
    return own["seconds"] + seconds, max(own["peak_memory_mb"], peak)


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "")
    return f"{os.cpu_count()} cores {model or platform.machine()}, {memory:.0f} GB"


def table(work: Path) -> pd.DataFrame:
    """One row per cutoff and model: scores, bias, costs, and by level the weighted RMSSE.

    The mean is of the models that have all cutoffs.
    """
    scored = score(work / "inputs", work / "forecasts")
    rows = scored.sql("from scores").df()
    rows["cutoff"] = rows["cutoff"].astype(str).str[:10]
    pairs = zip(rows["model_name"], rows["cutoff"], strict=True)
    cost = [costs(name, cutoff, work / "forecasts") for name, cutoff in pairs]
    rows[["seconds", "peak_memory_mb"]] = cost
    bar = rows[rows["model_name"] == BAR].set_index("cutoff")["weighted_rmsse"]
    worse = rows["weighted_rmsse"] > rows["cutoff"].map(bar)
    rows["remark"] = worse.map({True: "not converged", False: ""})
    levels = scored.sql("select * from rmsse_by_level").df()
    levels["cutoff"] = levels["cutoff"].astype(str).str[:10]
    keys = ["model_name", "cutoff"]
    by_level = levels.pivot(index=keys, columns="level", values="weighted_rmsse")
    rows = rows.merge(by_level.reset_index(), on=keys)
    everywhere = rows.groupby("model_name").filter(lambda of: len(of) == rows["cutoff"].nunique())
    means = everywhere.groupby("model_name").mean(numeric_only=True).reset_index()
    rows = pd.concat([rows, means.assign(cutoff="mean", remark="")])
    return rows.sort_values(["cutoff", "weighted_rmsse"]).set_index("cutoff")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--cutoffs", default=CUTOFFS)
    arguments = parser.parse_args()
    for cutoff in arguments.cutoffs.split(","):
        for name in arguments.peers.split(","):
            run(name, cutoff, arguments.work)
    found = table(arguments.work)
    found.to_csv(arguments.work / "table.csv")
    print(f"\nM5, 28 days after each cutoff; {machine()}")
    print("weighted_rmsse is the mean of levels 1 to 9 and 12, which stand on the right\n")
    print(found.to_string(float_format="{:.4g}".format))


if __name__ == "__main__":
    main()
