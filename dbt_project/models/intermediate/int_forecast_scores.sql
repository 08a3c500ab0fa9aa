-- Scored with the macros that score a run, so that figures follow live forecasts as actuals arrive. Only runs that are new or whose
-- state has changed are scored, whole; a run that can no longer be scored keeps its rows here, and the mart leaves them out by their state.
{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='run_id', on_schema_change='sync_all_columns'
) }}
{%- set metrics = warehouse_forecaster.metric_columns() | map(attribute='name') | list %}
{%- set counts = ['n_obs', 'n_series', 'n_left_out', 'n_without_forecast', 'n_undefined_scale'] %}

{%- set runs_to_score %}select scored_runs.run_id
    from {{ ref('warehouse_forecaster', 'int_scored_runs') }} as scored_runs
    {%- if is_incremental() %}
    anti join {{ this }} as scored on scored_runs.run_id = scored.run_id and scored_runs.state = scored.state
    {%- endif %}
{%- endset %}

with {{ warehouse_forecaster.scored_pairs(runs_to_score) }},

{{ warehouse_forecaster.slice_scores() }},

{{ warehouse_forecaster.level_means() }},

stored_quantiles as (
    select distinct
        quantiles.run_id,
        quantiles.quantile
    from {{ ref('warehouse_forecaster', 'quantiles') }} as quantiles
    semi join scored_runs on quantiles.run_id = scored_runs.run_id
),

quantile_grids as (
    select
        run_id,
        string_agg(cast(quantile as varchar), ', ' order by quantile) as quantile_grid
    from stored_quantiles
    group by run_id
),

scores as (
    select
        run_id,
        panel_name,
        model_name,
        level,
        segment_type,
        segment,
        cutoff,
        horizon_step,
        stockouts,
        actuals,
        {%- for column in counts + metrics %}
        {{ column }},
        {%- endfor %}
        confidence_level,
        n_quantile
    from slice_scores
    where n_obs > 0 or n_left_out > 0 or n_without_forecast > 0
    union all
    select
        run_id,
        panel_name,
        model_name,
        'all' as level,
        cast(null as varchar) as segment_type,
        cast(null as varchar) as segment,
        cutoff,
        horizon_step,
        stockouts,
        actuals,
        n_weighted_rmsse as n_obs,
        {%- for count in counts if count != 'n_obs' %}
        cast(null as bigint) as {{ count }},
        {%- endfor %}
        {%- for metric in metrics %}
        {{ metric if metric in ['weighted_rmsse', 'weighted_scaled_pinball'] else 'cast(null as double) as ' ~ metric }},
        {%- endfor %}
        cast(null as double) as confidence_level,
        n_weighted_scaled_pinball as n_quantile
    from level_means
    where n_weighted_rmsse > 0
),

final as (
    select
        scores.*,
        case when scores.n_quantile > 0 then quantile_grids.quantile_grid end as quantile_grid,
        scored_states.state
    from scores
    inner join {{ ref('warehouse_forecaster', 'int_scored_runs') }} as scored_states on scores.run_id = scored_states.run_id
    left join quantile_grids on scores.run_id = quantile_grids.run_id
)

select * from final
