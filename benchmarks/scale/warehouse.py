"""How long the warehouse takes, and how much memory, at a share of the large demo shop.

Simulates the shop, writes a project with `forecast init`, holds the last day back, builds up to the
features with their tests, then brings the day and builds once more. Prints a table; what was
measured of each step stands in `results.json` of the folder, for the docs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import duckdb
import psutil
import yaml

from forecaster.demo import SIZES, simulate
from forecaster.scaffold import init_project

# Up to the features, with what counts the rejected rows; tests that need no more than these.
FEATURES = ("+fqn:warehouse_forecaster.features", "+int_rejections")
SLOWEST = 10

# Rows of demand for each series and day: late launches have none before. So many more items are
# simulated that there are as many rows as 30,000 series have over 1,941 days, 58.2 million.
DENSITY = 0.874
EVERY_SECONDS = 0.2


@dataclass
class Measured:
    """One build: `nodes` are dbt's own times; memory is that of the whole process tree.

    `cpu_seconds` of all cores together say what a build costs where others use the machine too.
    """

    step: str
    seconds: float
    cpu_seconds: float
    peak_gb: float
    spilled_gb: float
    n_nodes: int
    n_tests: int
    nodes: list[tuple[float, str]] = field(default_factory=list)


class Watch(threading.Thread):
    """Samples a process and its children until told to stop, and what DuckDB spills to disk."""

    def __init__(self, process: psutil.Process, spill: Path) -> None:
        super().__init__(daemon=True)
        self.process, self.spill = process, spill
        self.peak = self.spilled = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(EVERY_SECONDS):
            self.peak = max(self.peak, _memory(self.process))
            self.spilled = max(self.spilled, _size(self.spill))


def _memory(process: psutil.Process) -> int:
    """Resident bytes of a process and its children, 0 once it has ended."""
    try:
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def _cpu_of_children() -> float:
    """Processor seconds of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _size(folder: Path) -> int:
    """Bytes in a folder; files may vanish while it is read."""
    total = 0
    for path in folder.glob("*") if folder.exists() else ():
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def simulated(share: Fraction, folder: Path) -> Path:
    """The warehouse with the raw tables of a share of the large shop, simulated once."""
    shop = folder / "shop.duckdb"
    if not shop.exists():
        large = SIZES["large"]
        shape = replace(large, n_items=max(1, round(large.n_items * share / DENSITY)))
        simulate(shape, shop, truth_dir=folder / "truth", progress=print)
        shutil.rmtree(folder / "truth")  # nothing here is compared with it
    warehouse = folder / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    shutil.copy(shop, warehouse)
    return warehouse


def project(warehouse: Path, memory: str) -> Path:
    """A project as a team would have it, with a limit of memory in its profile."""
    folder = warehouse.parent / "project"
    shutil.rmtree(folder, ignore_errors=True)
    init_project(folder, warehouse, name="large_shop")
    path = folder / "profiles.yml"
    profiles = yaml.safe_load(path.read_text(encoding="utf-8"))
    for target in profiles["large_shop"]["outputs"].values():
        target["settings"] |= {"memory_limit": memory, "preserve_insertion_order": False}
        target["threads"] = 1  # two models at once would share the memory; each has all cores
    path.write_text(yaml.safe_dump(profiles), encoding="utf-8")
    dbt(folder, "deps")
    return folder


def dbt(folder: Path, *command: str, watch: Callable[[int], None] | None = None) -> None:
    """One dbt command in a process of its own, as a team runs it; raises where it fails."""
    program = str(Path(sys.executable).with_name("dbt"))
    environment = os.environ | {"FORECAST_WAREHOUSE": ""}
    environment.pop("FORECAST_WAREHOUSE")
    with (folder / "dbt.log").open("w") as log:
        process = subprocess.Popen(
            [program, *command], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        if watch:
            watch(process.pid)
        process.wait()
    if process.returncode:
        raise SystemExit((folder / "dbt.log").read_text()[-4000:])


def build(folder: Path, warehouse: Path, step: str) -> Measured:
    """`dbt build` up to the features, measured."""
    watches = []

    def watch(pid: int) -> None:
        watches.append(Watch(psutil.Process(pid), warehouse.with_name(f"{warehouse.name}.tmp")))
        watches[0].start()

    used = _cpu_of_children()
    started = time.perf_counter()
    command = ["build", "--select", *FEATURES, "--indirect-selection", "buildable"]
    dbt(folder, *command, watch=watch)
    seconds = time.perf_counter() - started
    watches[0].done.set()
    watches[0].join()
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    times = [(node["execution_time"], node["unique_id"].split(".", 2)) for node in results]
    nodes = [(spent, f"{parts[0]} {parts[2]}") for spent, parts in times]
    return Measured(
        step=step,
        seconds=seconds,
        cpu_seconds=_cpu_of_children() - used,
        peak_gb=watches[0].peak / 1e9,
        spilled_gb=watches[0].spilled / 1e9,
        n_nodes=len(nodes),
        n_tests=sum(name.startswith("test") for _, name in nodes),
        nodes=sorted(nodes, reverse=True),
    )


def hold_back(warehouse: Path) -> None:
    """Takes the last day out of the demand."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            """
            create table last_day as
            select * from raw.demand where ds = (select max(ds) from raw.demand)
            """
        )
        connection.execute("delete from raw.demand where ds in (select ds from last_day)")


def bring(warehouse: Path) -> int:
    """Puts the last day back; returns its rows."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into raw.demand select * from last_day")
        return connection.execute("select count(*) from last_day").fetchone()[0]


def counts(warehouse: Path) -> dict[str, int]:
    """Rows and series of all panels, and the features of the one that has most."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows, series = connection.execute(
            "select count(*), count(distinct (panel_name, unique_id)) from dev_features.panel"
        ).fetchone()
        (features,) = connection.execute(
            """
            select max(n) from (
                select count(*) as n
                from dev_features.feature_catalog
                where relation_name = 'panel_extended' and role in ('past', 'known_future')
                    and is_active
                group by panel_name
            )
            """
        ).fetchone()
    return {"rows": rows, "series": series, "features": features}


def machine() -> str:
    """Cores, memory and versions."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GB memory, {platform.machine()}, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def shown(share: Fraction, found: dict[str, int], steps: list[Measured]) -> str:
    """The table that is printed."""
    lines = [
        "",
        f"{share} of the large shop on {machine()}",
        f"panel: {found['rows']:,} rows, {found['series']:,} series, "
        f"{found['features']} active features beside the target",
        "",
        f"{'step':<24}{'seconds':>9}{'CPU s':>9}{'peak GB':>9}{'spilled GB':>12}{'nodes':>7}"
        f"{'tests':>7}",
    ]
    lines += [
        f"{one.step:<24}{one.seconds:>9.1f}{one.cpu_seconds:>9.1f}{one.peak_gb:>9.1f}"
        f"{one.spilled_gb:>12.1f}"
        f"{one.n_nodes:>7}{one.n_tests:>7}"
        for one in steps
    ]
    for one in steps:
        lines += ["", f"{one.step}: the slowest nodes"]
        lines += [f"{seconds:>9.1f}  {name}" for seconds, name in one.nodes[:SLOWEST]]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("share", type=Fraction, help="of the large shop: 1/16, 1/4, 1")
    parser.add_argument("--memory", default="8GB", help="DuckDB's memory_limit")
    parser.add_argument("--no-day", action="store_true", help="stop after the full build")
    parser.add_argument("--folder", type=Path, default=Path("work"))
    given = parser.parse_args()
    folder = (given.folder / f"share_{given.share.numerator}_{given.share.denominator}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = simulated(given.share, folder)
    built = project(warehouse, given.memory)
    hold_back(warehouse)
    steps = [build(built, warehouse, "full build")]
    report(given.share, folder, warehouse, steps)
    if not given.no_day:
        n_new = bring(warehouse)
        steps.append(build(built, warehouse, f"one day ({n_new:,} rows)"))
        report(given.share, folder, warehouse, steps)


def report(share: Fraction, folder: Path, warehouse: Path, steps: list[Measured]) -> None:
    """Prints what is measured so far, and writes it down: the next step may take long."""
    found = counts(warehouse)
    print(shown(share, found, steps), flush=True)
    record = {"machine": machine(), **found, "steps": [asdict(one) for one in steps]}
    (folder / "results.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
