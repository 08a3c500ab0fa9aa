{#-
    CTEs, after those of `slice_scores`, that end in `quantile_scores`: one row per run, cutoff, level and quantile, over all steps
    (`horizon_step` null) and by step, with stock-outs left out and against the first known actuals.
-#}
{% macro quantile_scores() %}
{%- set keys = ['run_id', 'panel_name', 'model_name', 'level', 'cutoff', 'stockouts', 'actuals', 'quantile'] %}
quantile_pairs as (
    select
        default_pairs.run_id,
        default_pairs.panel_name,
        default_pairs.model_name,
        default_pairs.level,
        default_pairs.cutoff,
        default_pairs.stockouts,
        default_pairs.actuals,
        default_pairs.horizon_step,
        default_pairs.y,
        quantiles.quantile,
        quantiles.value
    from default_pairs
    inner join {{ ref('warehouse_forecaster', 'quantiles') }} as quantiles
        on
            default_pairs.run_id = quantiles.run_id
            and default_pairs.level = quantiles.level
            and default_pairs.unique_id = quantiles.unique_id
            and default_pairs.cutoff = quantiles.cutoff
            and default_pairs.ds = quantiles.ds
    where default_pairs.crps is not null
),

quantile_scores as (
    {%- for step in ['cast(null as integer)', 'horizon_step'] %}
    select
        {{ keys | join(', ') }},
        {{ step }} as horizon_step,
        count(y) as n_obs,
        {{ warehouse_forecaster.pinball('y', 'value', 'quantile') }} as pinball,
        {{ warehouse_forecaster.share_below('y', 'value') }} as share_below,
        {{ warehouse_forecaster.share_at_or_below('y', 'value') }} as share_at_or_below
    from quantile_pairs
    group by {{ keys | join(', ') }}{{ ', horizon_step' if step == 'horizon_step' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{% endmacro %}
