{#-
    CTEs, after those of `slice_scores`, that end in `quantile_scores` and `pit_scores`: one row per run, cutoff, level and quantile, over
    all steps (`horizon_step` null) and by step, of all series and by class of volume, with stock-outs left out and against the first
    known actuals. `kind` is step, or sum: of the periods up to a step, at 7, 14 and 28 periods and the last. Sums over time and over
    series would lose most of themselves to single periods out of stock, which stand at their forecast mean there.
-#}
{% macro quantile_scores() %}
{%- set cell_keys = ['kind', 'run_cutoff', 'level_number', 'quantile'] %}
{%- set shares = ['pinball', 'share_below', 'share_at_or_below', 'pit'] %}
distribution_pairs as (
    select
        default_pairs.run_period,
        default_pairs.run_cutoff,
        default_pairs.level_number,
        default_pairs.node,
        default_pairs.horizon_step,
        node_segments.segment_number,
        case
            when not default_pairs.is_bottom then default_pairs.y_completed
            when not default_pairs.is_left_out then default_pairs.y
        end as y_step,
        sum(default_pairs.y_completed) over (
            partition by default_pairs.run_cutoff, default_pairs.node
            order by default_pairs.horizon_step rows unbounded preceding
        ) as y_sum,
        count(default_pairs.y_completed) over (
            partition by default_pairs.run_cutoff, default_pairs.node
            order by default_pairs.horizon_step rows unbounded preceding
        ) as n_steps,
        max(default_pairs.horizon_step) over (partition by default_pairs.run_cutoff, default_pairs.node) as last_step
    from default_pairs
    left join node_segments
        on
            default_pairs.is_bottom
            and node_segments.segment_type = 'volume_class'
            and default_pairs.run_cutoff = node_segments.run_cutoff
            and default_pairs.node = node_segments.node
),

actuals_of_steps as (
    select
        run_period,
        node,
        y_step as y
    from distribution_pairs
    where y_step is not null
),

actuals_of_sums as (
    select
        run_period,
        node,
        y_sum as y
    from distribution_pairs
    where
        y_sum is not null
        and n_steps = horizon_step
        and (horizon_step in (7, 14, 28) or horizon_step = last_step)
),

quantile_pairs as (
    select
        'step' as kind,
        quantile_rows.run_period,
        quantile_rows.node,
        actuals_of_steps.y,
        quantile_rows.quantile,
        quantile_rows.value
    from actuals_of_steps
    inner join quantile_rows on actuals_of_steps.run_period = quantile_rows.run_period and actuals_of_steps.node = quantile_rows.node
    union all
    select
        'sum' as kind,
        actuals_of_sums.run_period,
        actuals_of_sums.node,
        actuals_of_sums.y,
        forecast.quantile,
        forecast.value
    from {{ ref('warehouse_forecaster', 'cumulative_quantiles') }} as forecast
    inner join run_periods
        on forecast.run_id = run_periods.run_id and forecast.cutoff = run_periods.cutoff and forecast.ds = run_periods.ds
    inner join nodes
        on run_periods.panel_name = nodes.panel_name and forecast.level = nodes.level and forecast.unique_id = nodes.unique_id
    inner join actuals_of_sums on run_periods.run_period = actuals_of_sums.run_period and nodes.node = actuals_of_sums.node
),

-- P(Y < y) and P(Y <= y) as far as the grid tells: halfway to the next level. Nothing lies below a demand of zero.
quantile_bounds as (
    select
        kind,
        run_period,
        node,
        case
            when max(y) = 0 and min(value) >= 0 then 0
            else (coalesce(max(case when value < y then quantile end), 0) + min(case when value = y then quantile end)) / 2
        end as share_below_y,
        (max(case when value = y then quantile end) + coalesce(min(case when value > y then quantile end), 1)) / 2 as share_at_y
    from quantile_pairs
    group by kind, run_period, node
),

-- in one pass to the finest slices, for these are the most rows that scoring has
quantile_cells as (
    select
        quantile_pairs.kind,
        distribution_pairs.run_cutoff,
        distribution_pairs.level_number,
        distribution_pairs.horizon_step,
        distribution_pairs.segment_number,
        quantile_pairs.quantile,
        count(*) as n_obs,
        {{ warehouse_forecaster.pinball('quantile_pairs.y', 'quantile_pairs.value', 'quantile_pairs.quantile') }} as pinball,
        {{ warehouse_forecaster.share_below('quantile_pairs.y', 'quantile_pairs.value') }} as share_below,
        {{ warehouse_forecaster.share_at_or_below('quantile_pairs.y', 'quantile_pairs.value') }} as share_at_or_below,
        {{ warehouse_forecaster.pit(
            'quantile_pairs.y', 'quantile_pairs.value', 'quantile_pairs.quantile', 'quantile_bounds.share_below_y', 'quantile_bounds.share_at_y'
        ) }} as pit
    from quantile_pairs
    inner join quantile_bounds
        on
            quantile_pairs.kind = quantile_bounds.kind
            and quantile_pairs.run_period = quantile_bounds.run_period
            and quantile_pairs.node = quantile_bounds.node
    inner join distribution_pairs
        on quantile_pairs.run_period = distribution_pairs.run_period and quantile_pairs.node = distribution_pairs.node
    group by
        quantile_pairs.kind, distribution_pairs.run_cutoff, distribution_pairs.level_number, distribution_pairs.horizon_step,
        distribution_pairs.segment_number, quantile_pairs.quantile
),

rolled_up_cells as (
    select
        {{ cell_keys | join(', ') }},
        horizon_step,
        segment_number,
        sum(n_obs) as n_obs,
        {%- for share in shares %}
        sum({{ share }} * n_obs) / sum(n_obs) as {{ share }}{{ ',' if not loop.last }}
        {%- endfor %}
    from quantile_cells
    group by
        grouping sets (
            {%- for by in [[], ['horizon_step'], ['segment_number'], ['segment_number', 'horizon_step']] %}
            ({{ (cell_keys + by) | join(', ') }}){{ ',' if not loop.last }}
            {%- endfor %}
        )
    having
        (grouping(segment_number) = 1 or segment_number is not null)
        and (grouping(horizon_step) = 0 or kind = 'step')
),

quantile_scores as (
    select
        rolled_up_cells.kind,
        run_cutoffs.run_id,
        run_cutoffs.panel_name,
        run_cutoffs.model_name,
        level_names.level,
        run_cutoffs.cutoff,
        '{{ warehouse_forecaster.score_variants()[0].stockouts }}' as stockouts,
        '{{ warehouse_forecaster.score_variants()[0].actuals }}' as actuals,
        rolled_up_cells.quantile,
        rolled_up_cells.horizon_step,
        segment_names.segment as volume_class,
        cast(rolled_up_cells.n_obs as bigint) as n_obs,
        {%- for share in shares %}
        rolled_up_cells.{{ share }}{{ ',' if not loop.last }}
        {%- endfor %}
    from rolled_up_cells
    inner join run_cutoffs on rolled_up_cells.run_cutoff = run_cutoffs.run_cutoff
    inner join level_names on rolled_up_cells.level_number = level_names.level_number
    left join segment_names on rolled_up_cells.segment_number = segment_names.segment_number
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
