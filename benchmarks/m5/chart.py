"""Draw accuracy against what it costs, from the table that `bench.py` wrote.

    python chart.py TABLE.csv OUT.svg CUTOFF

The processor's seconds (user and system, all processes) stand for the time: unlike the clock they
hardly depend on what else the machine does. A model they are not known of is drawn at its seconds
by the clock, hollow.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "warehouse-forecaster"
matplotlib.rcParams["svg.fonttype"] = "none"
import pandas as pd  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402


def main(table: Path, out: Path, cutoff: str) -> None:
    rows = pd.read_csv(table, dtype={"cutoff": str})
    rows = rows[rows["cutoff"] == cutoff].sort_values("weighted_rmsse")
    figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
    for rank, row in enumerate(rows.itertuples()):
        is_ours = row.model_name.startswith("ours_")
        known = pd.notna(row.processor_seconds)
        seconds = row.processor_seconds if known else row.seconds
        colour = "#c0392b" if is_ours else "#2c6fb3"
        fill = colour if known else "white"
        axes.plot(seconds, row.weighted_rmsse, "o", color=colour, markerfacecolor=fill)
        place = {
            "xytext": (6, 4 if rank % 2 else -10),
            "textcoords": "offset points",
            "fontsize": 8,
        }
        axes.annotate(row.model_name, (seconds, row.weighted_rmsse), color=colour, **place)
    axes.set_xscale("log")
    axes.margins(x=0.2)
    axes.set_xlabel("processor seconds a cutoff, training and forecasting (hollow: by the clock)")
    axes.set_ylabel("weighted RMSSE, levels 1 to 9 and 12")
    when = "mean of the cutoffs" if cutoff == "mean" else f"28 days after {cutoff}"
    axes.set_title(f"M5, 30,490 series, {when}: lower left is better", fontsize=10)
    axes.grid(alpha=0.3)
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
