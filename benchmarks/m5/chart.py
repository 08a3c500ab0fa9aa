"""Draw accuracy against what it costs, from the tables that `bench.py` wrote.

    python chart.py TABLE.csv BUDGETS.csv OUT.svg CUTOFF

The processor's seconds (user and system, all processes) stand for the time: unlike the clock they
hardly depend on what else the machine does. A model they are not known of is drawn at its seconds
by the clock, hollow. A model that was run at several budgets is a line; models that are not in the
first table (for being worse than the seasonal naive, say) are left to it.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "warehouse-forecaster"
matplotlib.rcParams["svg.fonttype"] = "none"
import pandas as pd  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402

OURS, PEERS = "#c0392b", "#2c6fb3"


def main(table: Path, budgets: Path, out: Path, cutoff: str) -> None:
    rows = pd.read_csv(table, dtype={"cutoff": str})
    rows = rows[(rows["cutoff"] == cutoff)].sort_values("weighted_rmsse")
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    if budgets.exists():
        for model, of in pd.read_csv(budgets).groupby("model"):
            colour = OURS if model.startswith("ours_") else PEERS
            axes.plot(of["processor_seconds"], of["weighted_rmsse"], ".-", color=colour, lw=1.2)
    for rank, row in enumerate(rows.itertuples()):
        known = pd.notna(row.processor_seconds)
        seconds = row.processor_seconds if known else row.seconds
        colour = OURS if row.model_name.startswith("ours_") else PEERS
        fill = colour if known else "white"
        axes.plot(seconds, row.weighted_rmsse, "o", color=colour, markerfacecolor=fill)
        place = {
            "xytext": (6, 4 if rank % 2 else -10),
            "textcoords": "offset points",
            "fontsize": 8,
        }
        axes.annotate(row.model_name, (seconds, row.weighted_rmsse), color=colour, **place)
    axes.set_xscale("log")
    axes.margins(x=0.3)
    axes.set_xticks([10, 20, 50, 100, 200], [10, 20, 50, 100, 200])
    axes.minorticks_off()
    axes.set_xlabel("processor seconds a cutoff, training and forecasting (hollow: by the clock)")
    axes.set_ylabel("weighted RMSSE, levels 1 to 9 and 12")
    when = "mean of the cutoffs" if cutoff == "mean" else f"28 days after {cutoff}"
    axes.set_title(
        f"M5, 30,490 series, {when}: lower left is better; lines are budgets", fontsize=10
    )
    axes.grid(alpha=0.3)
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main(*(Path(of) for of in sys.argv[1:4]), sys.argv[4])
