"""What the report reads: the marts, and the forecast tables where no mart holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from forecaster.warehouse import Warehouse

Rows = list[dict[str, Any]]
DS = "'%Y-%m-%d'"
MOMENT = "'%Y-%m-%dT%H:%M:%S'"
# nodes of which not every member is forecast by the run
MIXED = (
    "with mixed as (select h.level, h.node_id as unique_id from {hierarchy} as h "
    "join {fct_forecasts} as f using (panel_name, unique_id) "
    "where panel_name = $panel and h.level != 'bottom' group by h.level, h.node_id "
    "having bool_or(f.run_id != $run_id))"
)


def panel_settings(warehouse: Warehouse, wanted: Sequence[str] = ()) -> Rows:
    """The panels that have history, as they are set."""
    return warehouse.rows(
        "select panel_name as name, frequency, horizon, season_length, grain, time_zone, n_series, "
        "first_period, last_period, excluded_period, excluded_reason from {settings} "
        "where last_period is not null and n_series > 0 "
        "and ($wanted is null or list_contains($wanted, panel_name)) order by panel_name",
        wanted=list(wanted) or None,
    )


def quality(warehouse: Warehouse) -> Rows:
    """All that was counted on the way from the inputs to the panels."""
    return warehouse.rows(
        "select subject, subject_name, check_name, treatment, n_rows, quantity, first_example "
        "from {data_quality} where n_rows > 0 "
        "order by subject, subject_name, treatment != 'read', n_rows desc, check_name"
    )


class Marts:
    """One panel's marts. Arrays come as one row a series, oldest period first."""

    def __init__(self, warehouse: Warehouse, panel_name: str) -> None:
        self.warehouse = warehouse
        self.panel_name = panel_name

    def _rows(self, sql: str, **parameters: Any) -> Rows:
        return self.warehouse.rows(sql, panel=self.panel_name, **parameters)

    def nodes(self, since: date) -> Rows:
        """Every series and node with its mean demand a period from `since` on, largest first."""
        return self._rows(
            "with by_period as ("
            "select h.level, h.node_id, d.ds, sum(d.demand) as demand from {hierarchy} as h "
            "join {fct_demand} as d using (panel_name, unique_id) "
            "where h.panel_name = $panel and d.ds >= $since group by all), "
            "by_node as (select level, node_id, avg(demand) as rate from by_period group by all) "
            "select * from by_node "
            "order by level = 'bottom', level, rate desc nulls last, node_id",
            since=since,
        )

    def labels(self) -> dict[str, str]:
        """What a series' item is called, by series."""
        rows = self._rows(
            "select s.unique_id, i.description from {series} as s "
            "join {dim_items} as i using (item_id) "
            "where s.panel_name = $panel and i.description is not null"
        )
        return {row["unique_id"]: row["description"] for row in rows}

    def demand(self, first: date, level: str, node_ids: list[str]) -> Rows:
        """`start, y, stockouts` (positions in y) of nodes, from `first` on."""
        return self._rows(
            "with by_period as ("
            "select h.node_id, d.ds, sum(d.demand) as y, "
            "bool_and(d.is_stocked_out) and $level = 'bottom' as is_out "
            "from {hierarchy} as h join {fct_demand} as d using (panel_name, unique_id) "
            "where h.panel_name = $panel and h.level = $level and d.ds >= $first "
            "and list_contains($nodes, h.node_id) group by all), "
            "numbered as (select *, row_number() over (partition by node_id order by ds) - 1 as n "
            "from by_period) "
            f"select node_id, strftime(min(ds), {DS}) as start, list(y order by ds) as y, "
            "list(n order by ds) filter (is_out) as stockouts from numbered group by node_id",
            first=first,
            level=level,
            nodes=node_ids,
        )

    @cached_property
    def variants(self) -> dict[str, str]:
        """What a model is called, by the fingerprint of its settings."""
        rows = self._rows(
            "select distinct model_name, settings_fingerprint, settings from {runs} "
            "where panel_name = $panel and status = 'complete' and kind in ('train', 'backtest')"
        )
        return variant_names(rows)

    def _named(self, rows: Rows) -> Rows:
        """`model_name` with its settings, where a model has been tried with several."""
        return [
            {**row, "model_name": self.variants.get(row["settings_fingerprint"], row["model_name"])}
            for row in rows
        ]

    def champion(self) -> dict[str, Any] | None:
        """The run that made the live forecast of most series, and the promotion behind it; None
        before any. Segments may have champions of their own."""
        rows = self._rows(
            "select f.run_id, f.model_name, max(f.cutoff) as cutoff, "
            "max(f.confidence_level) as confidence, any_value(c.run_id) as trained_by, "
            "any_value(r.settings_fingerprint) as settings_fingerprint, "
            "any_value(c.reason) as reason from {fct_forecasts} as f "
            "left join {forecast_champions} as c on f.panel_name = c.panel_name "
            "and c.is_current and c.segment = 'all' "
            "left join {runs} as r on f.run_id = r.run_id "
            "where f.panel_name = $panel group by f.run_id, f.model_name, "
            "coalesce(r.model_run_id, r.run_id) "
            "order by coalesce(coalesce(r.model_run_id, r.run_id) = max(c.run_id), false) desc"
        )
        return self._named(rows)[0] if rows else None

    def live(self, run_id: str, cutoff: date) -> Rows:
        """The live forecast of every series, and of the nodes above, which have no mart. Where
        members have other champions, theirs are summed, and a sum of those has no bounds."""
        return self._rows(
            f"{MIXED}, shown as ("
            "select 'bottom' as level, unique_id, ds, yhat, yhat_lower, yhat_upper, "
            "forecast_status from {fct_forecasts} where panel_name = $panel union all "
            "select level, unique_id, ds, yhat, yhat_lower, yhat_upper, forecast_status "
            "from {predictions} as p anti join mixed using (level, unique_id) "
            "where panel_name = $panel and run_id = $run_id and cutoff = $cutoff "
            "and level != 'bottom' union all "
            "select mixed.level, mixed.unique_id, f.ds, sum(f.yhat), null, null, 'ok' from mixed "
            "join {hierarchy} as h on mixed.level = h.level and mixed.unique_id = h.node_id "
            "join {fct_forecasts} as f "
            "on h.panel_name = f.panel_name and h.unique_id = f.unique_id "
            "where h.panel_name = $panel group by mixed.level, mixed.unique_id, f.ds) "
            f"select level, unique_id, strftime(min(ds), {DS}) as start, "
            "list(yhat order by ds) as yhat, list(yhat_lower order by ds) as lower, "
            "list(yhat_upper order by ds) as upper, max(forecast_status) as status "
            "from shown group by all",
            run_id=run_id,
            cutoff=cutoff,
        )

    def fan(self, run_id: str, cutoff: date) -> Rows:
        """Every quantile of the live forecast of series, and of nodes above with one champion."""
        return self._rows(
            f"{MIXED}, shown as ("
            "select 'bottom' as level, unique_id, ds, quantile, value "
            "from {fct_forecast_quantiles} where panel_name = $panel union all "
            "select level, unique_id, ds, quantile, value "
            "from {quantiles} anti join mixed using (level, unique_id) "
            "where panel_name = $panel and run_id = $run_id and cutoff = $cutoff "
            "and level != 'bottom') "
            "select level, unique_id, quantile, list(value order by ds) as value "
            "from shown group by all order by quantile",
            run_id=run_id,
            cutoff=cutoff,
        )

    def totals(self, run_id: str, cutoff: date, confidence: float) -> Rows:
        """The range of the sum over the whole horizon, of the same; quantiles do not add up."""
        return self._rows(
            f"{MIXED}, shown as ("
            "select 'bottom' as level, unique_id, horizon_step, quantile, "
            "cumulative_value as value from {fct_forecast_quantiles} "
            "where panel_name = $panel and cumulative_value is not null union all "
            "select level, unique_id, horizon_step, quantile, value "
            "from {cumulative_quantiles} anti join mixed using (level, unique_id) "
            "where panel_name = $panel and run_id = $run_id and cutoff = $cutoff "
            "and level != 'bottom') "
            "select level, unique_id, "
            "max(value) filter (abs(quantile - (1 - $confidence) / 2) < 1e-6) as lower, "
            "max(value) filter (abs(quantile - (1 + $confidence) / 2) < 1e-6) as upper "
            "from shown group by level, unique_id, horizon_step "
            "qualify horizon_step = max(horizon_step) over (partition by level, unique_id)",
            run_id=run_id,
            cutoff=cutoff,
            confidence=confidence,
        )

    def backtests(self, node_ids: list[str]) -> Rows:
        """What each model forecast at each past cutoff, in its newest backtest."""
        rows = self._rows(
            "with newest as ("
            "select p.run_id, p.model_name, r.settings_fingerprint, p.cutoff "
            "from {predictions} as p "
            "join {runs} as r using (run_id) where p.panel_name = $panel "
            "and r.kind = 'backtest' and r.status = 'complete' "
            "group by p.run_id, p.model_name, r.settings_fingerprint, p.cutoff "
            "qualify row_number() over (partition by p.model_name, r.settings_fingerprint, "
            "p.cutoff order by max(r.started_at) desc) = 1) "
            "select p.model_name, settings_fingerprint, p.cutoff, p.level, p.unique_id, "
            f"strftime(min(p.ds), {DS}) as start, list(p.yhat order by p.ds) as yhat "
            "from {predictions} as p join newest using (run_id, model_name, cutoff) "
            "where p.panel_name = $panel and (p.level != 'bottom' "
            "or list_contains($nodes, p.unique_id)) "
            "group by all order by p.model_name, settings_fingerprint, p.cutoff",
            nodes=node_ids,
        )
        return self._named(rows)

    def accuracy(self) -> Rows:
        """Scores by model, level, cutoff and step (null: all), of each model's newest backtest of a
        cutoff; of the validation of training where nothing was backtested."""
        rows = self._rows(
            f"select a.*, r.settings_fingerprint, strftime(a.cutoff, {DS}) as cutoff_on "
            "from {fct_forecast_accuracy} as a join {runs} as r using (run_id) "
            "where a.panel_name = $panel and a.segment_type is null and a.stockouts = 'left out' "
            "and a.actuals = 'first known' and a.kind in ('backtest', 'train') and a.n_obs > 0 "
            "qualify a.kind = min(a.kind) over () and a.made_at = max(a.made_at) "
            "over (partition by a.model_name, r.settings_fingerprint, a.cutoff, a.kind) "
            "order by a.level, a.model_name, r.settings_fingerprint, a.cutoff, a.horizon_step"
        )
        return self._named(rows)

    def training(self) -> Rows:
        """The loss by epoch of every complete train run, the newest first."""
        return self._rows(
            f"select t.run_id, t.model_name, strftime(t.cutoff, {DS}) as cutoff, "
            f"strftime(r.started_at, {MOMENT}) as started_at, t.epoch, "
            "max(t.metric_value) filter (t.split = 'train') as train, "
            "max(t.metric_value) filter (t.split = 'validation') as validation "
            "from {training_history} as t join {runs} as r using (run_id) "
            "where t.panel_name = $panel and t.metric_name = 'loss' and r.status = 'complete' "
            "and r.kind = 'train' group by all order by 4 desc, 1, 3, t.epoch"
        )

    def runs(self, limit: int = 40) -> Rows:
        """The newest runs."""
        return self._rows(
            "select run_id, kind, model_name as model, status, error, seconds, n_rows, "
            f"peak_memory_mb as memory, strftime(started_at, {MOMENT}) as started_at "
            "from {runs} where panel_name = $panel order by started_at desc limit $limit",
            limit=limit,
        )


def variant_names(runs: Rows) -> dict[str, str]:
    """Names by fingerprint: the model's, and the settings in which its runs differ."""
    of_model: dict[str, dict[str, dict[str, Any]]] = {}
    for run in runs:
        settings = _flat(json.loads(run["settings"]))
        of_model.setdefault(run["model_name"], {})[run["settings_fingerprint"]] = settings
    names = {}
    for model, variants in of_model.items():
        keys = sorted({key for settings in variants.values() for key in settings})
        told = [key for key in keys if len({s.get(key) for s in variants.values()}) > 1]
        for fingerprint, settings in variants.items():
            words = ", ".join(f"{key}={settings.get(key)}" for key in told)
            names[fingerprint] = f"{model} ({words})" if words else model
    return names


def _flat(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {key: str(value) for part in settings.values() for key, value in part.items()}
