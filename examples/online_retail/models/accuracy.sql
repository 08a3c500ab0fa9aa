-- The table of the example: every model's backtests beside each other, and peers' where var peers_file names their forecasts.
-- Scored are the items sold in the 26 weeks before the cutoff.
with

newest_runs as (
    select
        panel_name,
        -- the mean of 4 seasons and that of 8 are two baselines
        model_name || coalesce('_' || json_extract_string(settings, '$.model.n_seasons'), '') as model_name,
        run_id
    from {{ ref('warehouse_forecaster', 'runs') }}
    where kind = 'backtest' and status = 'complete'
    qualify row_number() over (partition by panel_name, model_name, settings_fingerprint order by finished_at desc) = 1
),

ours as (
    select
        pairs.panel_name,
        newest_runs.model_name,
        pairs.unique_id,
        pairs.cutoff,
        pairs.ds,
        pairs.horizon_step,
        pairs.yhat
    from {{ ref('warehouse_forecaster', 'fct_forecast_vs_actual') }} as pairs
    inner join newest_runs on pairs.run_id = newest_runs.run_id
),

forecasts as (
    select * from ours
    {%- if var('peers_file', none) %}
    union all
    select
        panel_name,
        model_name,
        unique_id,
        cast(cutoff as date) as cutoff,
        cast(ds as date) as ds,
        horizon_step,
        yhat
    from read_parquet('{{ var("peers_file") }}')
    {%- endif %}
),

pairs as (
    select
        forecasts.panel_name,
        forecasts.model_name,
        forecasts.cutoff,
        forecasts.unique_id,
        panel.y,
        forecasts.yhat,
        -- 4-week totals: blocks of 4 weeks, of 28 days by day
        (forecasts.horizon_step - 1) // case when forecasts.panel_name = 'day' then 28 else 4 end as block
    from forecasts
    inner join {{ ref('warehouse_forecaster', 'panel') }} as panel
        on
            forecasts.panel_name = panel.panel_name
            and forecasts.unique_id = panel.unique_id
            and forecasts.ds = panel.ds
    inner join {{ ref('warehouse_forecaster', 'segments') }} as segments
        on
            forecasts.panel_name = segments.panel_name
            and forecasts.unique_id = segments.unique_id
            and forecasts.cutoff = segments.cutoff
    where panel.y is not null and segments.life_cycle in ('new', 'active')
),

per_series as (
    select
        pairs.panel_name,
        pairs.model_name,
        pairs.cutoff,
        pairs.unique_id,
        sum((pairs.y - pairs.yhat) ** 2) as squared_error,
        sum(abs(pairs.y - pairs.yhat)) as absolute_error,
        sum(pairs.yhat) as forecast,
        sum(pairs.y) as demand,
        count(*) as n_pairs,
        sqrt(avg((pairs.y - pairs.yhat) ** 2) / nullif(any_value(scales.squared_step), 0)) as rmsse
    from pairs
    left join {{ ref('warehouse_forecaster', 'int_metric_scales') }} as scales
        on
            pairs.panel_name = scales.panel_name
            and pairs.cutoff = scales.cutoff
            and scales.level = 'bottom'
            and pairs.unique_id = scales.unique_id
    group by all
),

totals as (
    select
        panel_name,
        model_name,
        cutoff,
        unique_id,
        block,
        sum(y) as demand,
        sum(yhat) as forecast
    from pairs
    group by all
),

totals_scored as (
    select
        panel_name,
        model_name,
        cutoff,
        sum(abs(demand - forecast)) / sum(demand) as wape_of_four_weeks
    from totals
    group by all
),

final as (
    select
        per_series.panel_name,
        per_series.cutoff,
        per_series.model_name,
        count(*) as n_items,
        count(*) - count(per_series.rmsse) as n_without_scale,
        avg(per_series.rmsse) as rmsse,
        any_value(totals_scored.wape_of_four_weeks) as wape_of_four_weeks,
        sqrt(sum(per_series.squared_error) / sum(per_series.n_pairs)) as rmse,
        sum(per_series.absolute_error) / sum(per_series.n_pairs) as mae,
        sum(per_series.forecast) / sum(per_series.demand) - 1 as bias
    from per_series
    inner join totals_scored
        on
            per_series.panel_name = totals_scored.panel_name
            and per_series.model_name = totals_scored.model_name
            and per_series.cutoff = totals_scored.cutoff
    group by all
)

select * from final
