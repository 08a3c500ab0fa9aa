-- What is scored in `int_forecast_scores`, with what is known of each run today.
{%- set metrics = warehouse_forecaster.metric_columns() | map(attribute='name') | list %}
{%- set counts = ['n_obs', 'n_series', 'n_left_out', 'n_without_forecast', 'n_undefined_scale'] %}

with scores as (
    select scores.*
    from {{ ref('warehouse_forecaster', 'int_forecast_scores') }} as scores
    semi join {{ ref('warehouse_forecaster', 'int_scored_runs') }} as scored_runs
        on scores.run_id = scored_runs.run_id and scores.state = scored_runs.state
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
        scores.quantile_grid,
        runs.finished_at as made_at
    from scores
    inner join {{ ref('warehouse_forecaster', 'runs') }} as runs
        on scores.run_id = runs.run_id and runs.status = 'complete'
    left join champions
        on scores.panel_name = champions.panel_name and coalesce(runs.model_run_id, runs.run_id) = champions.run_id
)

select * from final
