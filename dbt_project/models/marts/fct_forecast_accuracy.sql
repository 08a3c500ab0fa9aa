-- Computed anew from the forecasts with the macros that score a run, so that it follows live forecasts as actuals arrive.
{%- set metrics = warehouse_forecaster.metric_columns() | map(attribute='name') | list %}
{%- set counts = ['n_obs', 'n_series', 'n_left_out', 'n_without_forecast', 'n_undefined_scale'] %}

{%- set complete_runs %}select run_id from {{ ref('warehouse_forecaster', 'runs') }} where status = 'complete'{% endset %}

with {{ warehouse_forecaster.scored_pairs(complete_runs) }},

{{ warehouse_forecaster.slice_scores() }},

{{ warehouse_forecaster.level_means() }},

stored_quantiles as (
    select distinct
        run_id,
        quantile
    from {{ ref('warehouse_forecaster', 'quantiles') }}
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

champions as (
    select * from {{ ref('warehouse_forecaster', 'forecast_champions') }}
    where is_current and segment = 'all'
),

final as (
    select
        -- ids
        scores.run_id,
        scores.panel_name,
        scores.model_name,
        runs.kind,
        champions.run_id is not null as is_champion,
        -- slice
        scores.level,
        scores.segment_type,
        scores.segment,
        scores.cutoff,
        scores.horizon_step,
        scores.stockouts,
        scores.actuals,
        -- counts
        {%- for count in counts %}
        cast(scores.{{ count }} as bigint) as {{ count }},
        {%- endfor %}
        -- metrics
        {%- for metric in metrics %}
        cast(scores.{{ metric }} as double) as {{ metric }},
        {%- endfor %}
        cast(scores.confidence_level as double) as confidence_level,
        case when scores.n_quantile > 0 then quantile_grids.quantile_grid end as quantile_grid,
        runs.finished_at as made_at
    from scores
    inner join {{ ref('warehouse_forecaster', 'runs') }} as runs
        on scores.run_id = runs.run_id and runs.status = 'complete'
    left join champions
        on scores.panel_name = champions.panel_name and coalesce(runs.model_run_id, runs.run_id) = champions.run_id
    left join quantile_grids on scores.run_id = quantile_grids.run_id
)

select * from final
