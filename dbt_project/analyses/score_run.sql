-- Scores one run: run by the forecaster in the transaction that writes the run, with the run's id as the parameter $run_id and, so
-- that memory does not grow with the number of cutoffs, one of them at a time as $cutoff (null: all at once).
{%- set metrics = warehouse_forecaster.metric_columns() %}
{%- set counts = ['n_series', 'n_left_out', 'n_without_forecast', 'n_undefined_scale'] %}
{%- set weighted = ['weighted_rmsse', 'weighted_scaled_pinball'] %}
{%- set not_by_series = weighted + ['mse', 'mse_standardised', 'smape'] %}
{%- set columns = [
    'run_id', 'panel_name', 'model_name', 'level', 'unique_id', 'segment_type', 'segment', 'cutoff', 'horizon_step', 'quantile',
    'stockouts', 'actuals', 'metric_name', 'metric_value', 'n_obs',
] %}

insert into {{ ref('warehouse_forecaster', 'metrics') }} ({{ columns | join(', ') }})
with {{ warehouse_forecaster.scored_pairs('select cast($run_id as varchar) as run_id', 'cast($cutoff as date)') }},

{{ warehouse_forecaster.slice_scores(by_series=true) }},

{{ warehouse_forecaster.quantile_scores() }},

{{ warehouse_forecaster.level_means() }},

metric_rows as (
    {%- for metric in metrics %}
    select
        *,
        cast(null as double) as quantile,
        '{{ metric.name }}' as metric_name,
        cast({{ metric.name }} as double) as metric_value,
        {{ metric.count }} as n_pairs
    from slice_scores
    where
        {{ metric.count }} > 0
        {%- if metric.name in not_by_series %}
        and unique_id is null
        {%- endif %}
        {%- if metric.name == 'wape_total' %}
        and horizon_step is null
        {%- endif %}
    union all
    {%- endfor %}
    {%- for count in counts %}
    select
        *,
        cast(null as double) as quantile,
        '{{ count }}' as metric_name,
        cast({{ count }} as double) as metric_value,
        n_obs as n_pairs
    from slice_scores
    where unique_id is null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        run_id,
        panel_name,
        model_name,
        level,
        unique_id,
        segment_type,
        segment,
        cutoff,
        horizon_step,
        quantile,
        stockouts,
        actuals,
        metric_name,
        metric_value,
        n_pairs as n_obs
    from metric_rows
    {%- for metric in weighted %}
    union all
    select
        run_id,
        panel_name,
        model_name,
        'all' as level,
        cast(null as varchar) as unique_id,
        cast(null as varchar) as segment_type,
        cast(null as varchar) as segment,
        cutoff,
        horizon_step,
        cast(null as double) as quantile,
        stockouts,
        actuals,
        '{{ metric }}' as metric_name,
        {{ metric }} as metric_value,
        n_{{ metric }} as n_obs
    from level_means
    where n_{{ metric }} > 0
    {%- endfor %}
    {%- for kind, prefix in {'step': '', 'sum': 'cumulative_'}.items() %}
    {%- for metric in ['pinball', 'share_below', 'share_at_or_below', 'pit', 'pit_deviation'] %}
    union all
    select
        run_id,
        panel_name,
        model_name,
        level,
        cast(null as varchar) as unique_id,
        case when volume_class is not null then 'volume_class' end as segment_type,
        volume_class as segment,
        cutoff,
        horizon_step,
        {{ 'cast(null as double) as quantile' if metric == 'pit_deviation' else 'quantile' }},
        stockouts,
        actuals,
        '{{ prefix }}{{ metric }}' as metric_name,
        {{ metric }} as metric_value,
        n_obs
    from {{ 'pit_scores' if metric == 'pit_deviation' else 'quantile_scores' }}
    where kind = '{{ kind }}'
    {%- endfor %}
    {%- endfor %}
)

select {{ columns | join(', ') }} from final
