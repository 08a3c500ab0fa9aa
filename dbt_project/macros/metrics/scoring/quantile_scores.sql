{#-
    CTEs, after those of `slice_scores`, that end in `quantile_scores` and `pit_scores`: one row per run, cutoff, level and quantile, over
    all steps (`horizon_step` null) and by step, of all series and by class of volume, with stock-outs left out and against the first
    known actuals. `kind` is step, or sum: of the periods up to a step, at 7, 14 and 28 periods and the last. Sums over time and over
    series would lose most of themselves to single periods out of stock, which stand at their forecast mean there.
-#}
{% macro quantile_scores() %}
{%- set keys = ['kind', 'run_id', 'panel_name', 'model_name', 'level', 'cutoff', 'stockouts', 'actuals', 'quantile'] %}
{%- set tables = {'step': 'quantiles', 'sum': 'cumulative_quantiles'} %}
distribution_pairs as (
    select
        default_pairs.run_id,
        default_pairs.panel_name,
        default_pairs.model_name,
        default_pairs.level,
        default_pairs.unique_id,
        default_pairs.cutoff,
        default_pairs.ds,
        default_pairs.stockouts,
        default_pairs.actuals,
        default_pairs.horizon_step,
        segments_by_type.segment as volume_class,
        case
            when default_pairs.level <> 'bottom' then default_pairs.y_completed
            when not default_pairs.is_left_out then default_pairs.y
        end as y_step,
        sum(default_pairs.y_completed) over (
            partition by default_pairs.run_id, default_pairs.level, default_pairs.unique_id, default_pairs.cutoff
            order by default_pairs.horizon_step rows unbounded preceding
        ) as y_sum,
        count(default_pairs.y_completed) over (
            partition by default_pairs.run_id, default_pairs.level, default_pairs.unique_id, default_pairs.cutoff
            order by default_pairs.horizon_step rows unbounded preceding
        ) as n_steps,
        max(default_pairs.horizon_step) over (
            partition by default_pairs.run_id, default_pairs.level, default_pairs.unique_id, default_pairs.cutoff
        ) as last_step
    from default_pairs
    left join segments_by_type
        on
            default_pairs.level = 'bottom'
            and segments_by_type.segment_type = 'volume_class'
            and default_pairs.panel_name = segments_by_type.panel_name
            and default_pairs.cutoff = segments_by_type.cutoff
            and default_pairs.unique_id = segments_by_type.unique_id
),

quantile_pairs as (
    {%- for kind, table in tables.items() %}
    select
        '{{ kind }}' as kind,
        distribution_pairs.run_id,
        distribution_pairs.panel_name,
        distribution_pairs.model_name,
        distribution_pairs.level,
        distribution_pairs.unique_id,
        distribution_pairs.cutoff,
        distribution_pairs.stockouts,
        distribution_pairs.actuals,
        distribution_pairs.horizon_step,
        distribution_pairs.volume_class,
        distribution_pairs.y_{{ kind }} as y,
        forecast.quantile,
        forecast.value
    from distribution_pairs
    inner join {{ ref('warehouse_forecaster', table) }} as forecast
        on
            distribution_pairs.run_id = forecast.run_id
            and distribution_pairs.level = forecast.level
            and distribution_pairs.unique_id = forecast.unique_id
            and distribution_pairs.cutoff = forecast.cutoff
            and distribution_pairs.ds = forecast.ds
    where
        distribution_pairs.y_{{ kind }} is not null
        {%- if kind == 'sum' %}
        and distribution_pairs.n_steps = distribution_pairs.horizon_step
        and (
            distribution_pairs.horizon_step in (7, 14, 28)
            or distribution_pairs.horizon_step = distribution_pairs.last_step
        )
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- P(Y < y) and P(Y <= y) as far as the grid tells: halfway to the next level. Nothing lies below a demand of zero.
quantile_bounds as (
    select
        kind,
        run_id,
        level,
        unique_id,
        cutoff,
        horizon_step,
        case
            when max(y) = 0 and min(value) >= 0 then 0
            else (coalesce(max(case when value < y then quantile end), 0) + min(case when value = y then quantile end)) / 2
        end as share_below_y,
        (max(case when value = y then quantile end) + coalesce(min(case when value > y then quantile end), 1)) / 2 as share_at_y
    from quantile_pairs
    group by kind, run_id, level, unique_id, cutoff, horizon_step
),

bounded_pairs as (
    select
        quantile_pairs.*,
        quantile_bounds.share_below_y,
        quantile_bounds.share_at_y
    from quantile_pairs
    inner join quantile_bounds
        on
            quantile_pairs.kind = quantile_bounds.kind
            and quantile_pairs.run_id = quantile_bounds.run_id
            and quantile_pairs.level = quantile_bounds.level
            and quantile_pairs.unique_id = quantile_bounds.unique_id
            and quantile_pairs.cutoff = quantile_bounds.cutoff
            and quantile_pairs.horizon_step = quantile_bounds.horizon_step
),

-- in one pass: these are the most rows that scoring has
quantile_scores as (
    select
        {{ keys | join(', ') }},
        horizon_step,
        volume_class,
        count(y) as n_obs,
        {{ warehouse_forecaster.pinball('y', 'value', 'quantile') }} as pinball,
        {{ warehouse_forecaster.share_below('y', 'value') }} as share_below,
        {{ warehouse_forecaster.share_at_or_below('y', 'value') }} as share_at_or_below,
        {{ warehouse_forecaster.pit('y', 'value', 'quantile', 'share_below_y', 'share_at_y') }} as pit
    from bounded_pairs
    group by
        grouping sets (
            {%- for by in [[], ['horizon_step'], ['volume_class'], ['volume_class', 'horizon_step']] %}
            ({{ (keys + by) | join(', ') }}){{ ',' if not loop.last }}
            {%- endfor %}
        )
    having
        (grouping(volume_class) = 1 or volume_class is not null)
        and (grouping(horizon_step) = 0 or kind = 'step')
),

pit_scores as (
    select
        kind,
        run_id,
        panel_name,
        model_name,
        level,
        cutoff,
        stockouts,
        actuals,
        horizon_step,
        volume_class,
        max(n_obs) as n_obs,
        {{ warehouse_forecaster.pit_deviation('pit', 'quantile') }} as pit_deviation
    from quantile_scores
    group by kind, run_id, panel_name, model_name, level, cutoff, stockouts, actuals, horizon_step, volume_class
)
{% endmacro %}
