"""The errors that selection rests on, as the tables tell of them."""

from __future__ import annotations

import json

import numpy as np

from forecaster.models import model_class
from forecaster.selection import BASELINE, Candidate, Evidence
from forecaster.warehouse import Warehouse

# in which a series takes the champion of its segment, the first that is not the one of all
SEGMENT_TYPES = ("life_cycle", "intermittency", "volume_class")


def read_evidence(warehouse: Warehouse, panel: str) -> Evidence:
    """RMSSE by series and cutoff of the newest backtest of each model with each settings."""
    with warehouse.connect() as connection:
        names = ("runs", "metrics", "predictions", "segments")
        relations = {name: warehouse.project.relation(name) for name in names}
        table = warehouse.query(connection, QUERY.format(**relations), panel=panel)
    pairs = sorted(
        set(zip(*(table[name].to_pylist() for name in ("model_name", "settings")), strict=True))
    )
    candidates = tuple(Candidate(*pair) for pair in pairs)
    series, cutoffs = table["unique_id"].to_numpy(), _days(table["cutoff"])
    keys, first, rows = np.unique(
        np.char.add(np.char.add(series.astype(str), "\0"), cutoffs.astype(str)),
        return_index=True,
        return_inverse=True,
    )
    of = {candidate: place for place, candidate in enumerate(candidates)}
    columns = [
        of[Candidate(name, settings)]
        for name, settings in zip(
            table["model_name"].to_pylist(), table["settings"].to_pylist(), strict=True
        )
    ]
    rmsse = np.full((len(keys), len(candidates)), np.nan)
    rmsse[rows, columns] = table["rmsse"].to_numpy(zero_copy_only=False)
    return Evidence(
        candidates,
        rmsse,
        series[first],
        cutoffs[first],
        _days(table["ended"])[first],
        {name: table[name].to_numpy(zero_copy_only=False)[first] for name in SEGMENT_TYPES},
    )


def baseline_of(warehouse: Warehouse, panel: str) -> Candidate | None:
    """The seasonal mean with its defaults, if it was backtested: its newest backtest."""
    rows = warehouse.rows(
        "select settings_fingerprint, settings from {runs} where kind = 'backtest' "
        "and status = 'complete' and panel_name = $panel and model_name = $model "
        "order by started_at desc",
        panel=panel,
        model=BASELINE,
    )
    defaults = model_class(BASELINE).Settings().model_dump(mode="json")
    for row in rows:
        if json.loads(row["settings"])["model"] == defaults:
            return Candidate(BASELINE, row["settings_fingerprint"])
    return None


def _days(column: object) -> np.ndarray:
    return np.asarray(column.to_numpy()).astype("datetime64[D]")  # type: ignore[attr-defined]


QUERY = """
with newest as (
    select run_id, model_name, settings_fingerprint
    from {runs}
    where kind = 'backtest' and status = 'complete' and panel_name = $panel
    qualify row_number() over (
        partition by model_name, settings_fingerprint order by started_at desc
    ) = 1
),

ends as (
    select cutoff, max(ds) as ended
    from {predictions}
    where run_id in (select run_id from newest) and level = 'bottom'
    group by cutoff
)

select
    newest.model_name,
    newest.settings_fingerprint as settings,
    m.unique_id,
    m.cutoff,
    ends.ended,
    m.metric_value as rmsse,
    segments.life_cycle,
    segments.intermittency,
    segments.volume_class
from {metrics} as m
inner join newest on m.run_id = newest.run_id
inner join ends on m.cutoff = ends.cutoff
left join {segments} as segments
    on m.panel_name = segments.panel_name and m.cutoff = segments.cutoff
    and m.unique_id = segments.unique_id
where
    m.panel_name = $panel and m.metric_name = 'rmsse' and m.level = 'bottom'
    and m.unique_id is not null and m.horizon_step is null and m.quantile is null
    and m.stockouts = 'left out' and m.actuals = 'first known' and m.metric_value is not null
"""
