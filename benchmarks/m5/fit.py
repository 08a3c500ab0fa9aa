"""One forecast of our own at one cutoff, in a process of its own as a peer's is, and what it took.

    python fit.py PROJECT MODEL CUTOFF OUT_FILE SETTINGS

Reads the features from the warehouse of `make -C examples/m5`, fits, calibrates, reconciles and
forecasts as `forecast backtest` does, and writes the peers' columns: every series, and the nodes
with their quantiles. Joint draws, scores and marts, which no peer has, are not in it.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

STARTED = time.perf_counter()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command `forecast` does
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from forecaster.hierarchy import Level  # noqa: E402
from forecaster.models.base import Forecast  # noqa: E402
from forecaster.panel import Panel  # noqa: E402
from forecaster.panel_settings import panels  # noqa: E402
from forecaster.project import Project  # noqa: E402
from forecaster.warehouse import Warehouse  # noqa: E402
from forecaster.work import make_model, read  # noqa: E402

PANEL = "item_store"
LEVELS = {
    "total": 1,
    "region": 2,
    "location_id": 3,
    "category": 4,
    "subcategory": 5,
    "region/category": 6,
    "region/subcategory": 7,
    "location_id/category": 8,
    "location_id/subcategory": 9,
}
BOTTOM = 12


def main(project: Path, model_name: str, cutoff: str, out: Path, settings: dict) -> None:
    out = out.resolve()
    os.chdir(project)  # where the path of the warehouse in profiles.yml begins
    warehouse = Warehouse(Project(Path.cwd()))
    model = make_model(model_name, settings)
    panel = read(warehouse, panels(warehouse, (PANEL,))[0], model)
    cut = panel.at(np.datetime64(cutoff))
    model.fit(cut, panel.validation_cutoff(np.datetime64(cutoff)))
    forecast = model.predict(cut)
    begun = np.flatnonzero(cut.is_launched)
    levels = model.run.quantiles
    ids, mean, quantiles = (
        values[begun] for values in (cut.unique_ids, forecast.mean, forecast.quantiles)
    )
    parts = [rows(cut, BOTTOM, ids, mean, quantiles, levels)]
    parts += [of_nodes(panel, cut, level, forecast, levels) for level in cut.levels]
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_suffix(".tmp")
    pq.write_table(pa.concat_tables(part for part in parts if part is not None), unfinished)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    costs = {
        "seconds": time.perf_counter() - STARTED,
        "processor_seconds": sum(part.ru_utime + part.ru_stime for part in used),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    out.with_suffix(".json").write_text(json.dumps(costs))
    unfinished.rename(out)


def of_nodes(
    panel: Panel, cut: Panel, level: Level, forecast: Forecast, levels: tuple[float, ...]
) -> pa.Table | None:
    """A level's sums with the distributions of its nodes, where those were learned."""
    if forecast.shapes is None or panel.nodes is None:
        return None
    places = panel.nodes.places[level.name]
    own = np.flatnonzero((places >= 0) & forecast.shapes.is_used[places])
    places = places[own]
    sums = panel.nodes.membership.sums(np.where(cut.is_launched[:, None], forecast.mean, 0))[places]
    quantiles = forecast.shapes.about(sums.astype(np.float32), places).at(np.array(levels))
    names = ["" if level.name == "total" else level.node_ids[i] for i in own]
    return rows(cut, LEVELS[level.name], np.array(names, object), sums, quantiles, levels)


def rows(
    cut: Panel,
    level: int,
    ids: np.ndarray,
    mean: np.ndarray,
    quantiles: np.ndarray,
    levels: tuple[float, ...],
) -> pa.Table:
    """Of (nodes, horizon) means and (nodes, horizon, levels) quantiles, one row a day."""
    n_nodes, horizon = mean.shape
    columns = {
        "level": pa.array(np.full(n_nodes * horizon, level, np.int32)),
        "node_id": pa.DictionaryArray.from_arrays(
            np.repeat(np.arange(n_nodes, dtype=np.int32), horizon), pa.array(ids.tolist())
        ),
        "ds": pa.array(np.tile(cut.horizon_ds, n_nodes)),
        "yhat": mean.astype(np.float64).ravel(),
    }
    for i, at in enumerate(levels):
        columns[f"q{round(100 * at):02d}"] = quantiles[..., i].astype(np.float64).ravel()
    return pa.table(columns)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]), json.loads(sys.argv[5]))
