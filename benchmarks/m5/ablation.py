"""What each part of the network is worth, one part taken away at a time, on a share of M5's items.

    python ablation.py EXAMPLE_FOLDER [SHARE]

One item in SHARE, in all its stores, without nodes: sums are those of the series. Weighted RMSSE,
the mean of the series and the levels above them, by what was known at each cutoff.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from typing import Any

import numpy as np

from forecaster import features
from forecaster.panel import Panel
from forecaster.panel_settings import panels
from forecaster.project import Project
from forecaster.warehouse import Warehouse
from forecaster.work import make_model

PANEL = "item_store"
CUTOFFS = ("2016-02-28", "2016-03-27")
WEIGHED = 28  # days of revenue
BY_SERIES = ("unique_ids", "start", "y", "y_train", "stocked_out", "weight")
STATICS = ("categories", "numbers", "texts")


@dataclasses.dataclass(frozen=True)
class Variant:
    """A model and what it may see."""

    name: str
    model: str = "lstm"
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    sees_ahead: bool = True


VARIANTS = (
    Variant("`lstm`, Tweedie"),
    Variant("squared error over scales (`rmsse`)", settings={"loss": "rmsse"}),
    Variant("one origin of a window: no forking", settings={"origins": 1}),
    Variant("prices, calendar, holidays not seen ahead", sees_ahead=False),
    Variant("`cnn`", model="cnn"),
)


def subset(panel: Panel, rows: np.ndarray) -> Panel:
    """The panel of some of its series, without nodes."""
    arrays = {name: getattr(panel, name)[rows] for name in BY_SERIES}
    arrays |= {name: getattr(panel, name)[rows] for name in ("past_values", "future_values")}
    for name in STATICS:
        arrays[name] = {key: values[rows] for key, values in getattr(panel, name).items()}
    levels = tuple(dataclasses.replace(level, codes=level.codes[rows]) for level in panel.levels)
    return dataclasses.replace(panel, **arrays, levels=levels, nodes=None, holidays=None)


def weighted_rmsse(panel: Panel, cut: Panel, mean: np.ndarray) -> float:
    """Of forecasts (series, horizon) made at the cutoff of `cut`."""
    actual = np.nan_to_num(panel.y[:, cut.n_periods : cut.n_periods + panel.horizon])
    history, revenue = np.nan_to_num(cut.y), np.nan_to_num(cut.weight[:, -WEIGHED:]).sum(1)
    scores = []
    for level in (None, *panel.levels):
        parts = (history, actual, mean, revenue)
        past, happened, forecast, weight = (level.summed(x) if level else x for x in parts)
        scale = np.maximum((np.diff(past, axis=1) ** 2).mean(1), 1e-9)
        rmsse = np.sqrt(((happened - forecast) ** 2).mean(1) / scale)
        scores.append(float((weight * rmsse).sum() / weight.sum()))
    return float(np.mean(scores))


def scores_of(variant: Variant, panel: Panel) -> list[float]:
    """By cutoff."""
    if not variant.sees_ahead:
        none = panel.future_values[..., :0]
        panel = dataclasses.replace(panel, future_values=none, future_names=())
    found = []
    for day in CUTOFFS:
        cutoff = np.datetime64(day)
        cut = panel.at(cutoff)
        model = make_model(variant.model, {"loss": "tweedie", **variant.settings})
        model.fit(cut, panel.validation_cutoff(cutoff))
        found.append(weighted_rmsse(panel, cut, model.predict(cut).mean))
    return found


def main(example: str, share: str = "8") -> None:
    warehouse = Warehouse(Project(example))
    whole = features.read_panel(warehouse, panels(warehouse, (PANEL,))[0])
    item_of = [str(one).split("/")[0] for one in whole.unique_ids]
    chosen = set(sorted(set(item_of))[:: int(share)])
    panel = subset(whole, np.flatnonzero([item in chosen for item in item_of]))
    print(f"{panel.n_series} series\n\n| variant | {' | '.join(CUTOFFS)} | processor, s |")
    print("|---" * (len(CUTOFFS) + 2) + "|")
    for variant in VARIANTS:
        begun = time.process_time()
        scores = [f"{score:.3f}" for score in scores_of(variant, panel)]
        seconds = (time.process_time() - begun) / len(CUTOFFS)
        print(f"| {variant.name} | {' | '.join(scores)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
