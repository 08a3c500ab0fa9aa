{#-
    CTEs that end in `scored_pairs`: every pair of forecast and actual of some runs, once for each way of treating stock-outs and
    revisions. `runs` is a select of run ids; `cutoff` is an expression, and null there means every cutoff.

    What is not scored keeps its row with `y` and `yhat` null and says why, so that it is counted: a period out of stock
    (`is_left_out`), a missing forecast (`is_unforecast`). Series launched after the cutoff do not count at all. Above the bottom
    level an actual is the sum of the members that count, and what was forecast for the others is taken off the node's forecast;
    where that is not nothing, its interval and quantiles are dropped, since they cannot be split. Distributions of sums are scored against `y_completed`,
    in which what was out of stock stands at its forecast mean.

    Millions of rows go through several joins and aggregations here, so they carry numbers: of the node (`nodes`), of the period of a
    run (`run_periods`), of a run's cutoff (`run_cutoffs`) and of the way of treating (`variant`). Names come back with the scores.
-#}
{% macro scored_pairs(runs, cutoff=none) %}
scored_runs as (
    {{ runs }}
),

run_forecasts as (
    select
        predictions.run_id,
        predictions.panel_name,
        predictions.model_name,
        predictions.level,
        predictions.unique_id,
        predictions.cutoff,
        predictions.ds,
        predictions.horizon_step,
        predictions.yhat,
        predictions.yhat_lower,
        predictions.yhat_upper,
        predictions.confidence_level
    from {{ ref('warehouse_forecaster', 'predictions') }} as predictions
    semi join scored_runs on predictions.run_id = scored_runs.run_id
    {%- if cutoff %}
    where predictions.cutoff = coalesce({{ cutoff }}, predictions.cutoff)
    {%- endif %}
),

run_levels as (
    select distinct
        run_id,
        panel_name,
        model_name,
        cutoff,
        ds,
        horizon_step,
        level
    from run_forecasts
),

run_cutoffs as (
    select
        row_number() over (order by run_id, cutoff) as run_cutoff,
        run_id,
        panel_name,
        model_name,
        cutoff
    from (select distinct run_id, panel_name, model_name, cutoff from run_levels) as distinct_cutoffs
),

-- each period of a run once, whatever its levels
run_periods as (
    select
        row_number() over (order by run_cutoffs.run_cutoff, periods.ds) as run_period,
        run_cutoffs.run_cutoff,
        run_cutoffs.run_id,
        run_cutoffs.panel_name,
        run_cutoffs.cutoff,
        periods.ds,
        periods.horizon_step
    from (select distinct run_id, cutoff, ds, horizon_step from run_levels) as periods
    inner join run_cutoffs on periods.run_id = run_cutoffs.run_id and periods.cutoff = run_cutoffs.cutoff
),

scored_panels as (
    select distinct panel_name
    from run_cutoffs
),

nodes as (
    select
        row_number() over (order by panel_name, level, unique_id) as node,
        dense_rank() over (order by level) as level_number,
        level = 'bottom' as is_bottom,
        panel_name,
        level,
        unique_id
    from (
        select distinct hierarchy.panel_name, hierarchy.level, hierarchy.node_id as unique_id
        from {{ ref('warehouse_forecaster', 'hierarchy') }} as hierarchy
        semi join scored_panels on hierarchy.panel_name = scored_panels.panel_name
    ) as distinct_nodes
),

bottom_nodes as (
    select
        node,
        panel_name,
        unique_id
    from nodes
    where is_bottom
),

memberships as (
    select
        bottom_nodes.node as series,
        nodes.node
    from {{ ref('warehouse_forecaster', 'hierarchy') }} as hierarchy
    inner join nodes
        on hierarchy.panel_name = nodes.panel_name and hierarchy.level = nodes.level and hierarchy.node_id = nodes.unique_id
    inner join bottom_nodes on hierarchy.panel_name = bottom_nodes.panel_name and hierarchy.unique_id = bottom_nodes.unique_id
),

forecasts as (
    select
        run_periods.run_period,
        nodes.node,
        nodes.is_bottom,
        run_forecasts.yhat,
        run_forecasts.yhat_lower,
        run_forecasts.yhat_upper,
        run_forecasts.confidence_level
    from run_forecasts
    inner join run_periods
        on run_forecasts.run_id = run_periods.run_id and run_forecasts.cutoff = run_periods.cutoff and run_forecasts.ds = run_periods.ds
    inner join nodes
        on run_forecasts.panel_name = nodes.panel_name and run_forecasts.level = nodes.level and run_forecasts.unique_id = nodes.unique_id
),

revisions as (
    select
        panel_name,
        unique_id,
        ds,
        sum(quantity_change) as quantity_change
    from {{ ref('warehouse_forecaster', 'revisions') }}
    group by panel_name, unique_id, ds
),

actuals as (
    select
        bottom_nodes.node as series,
        panel.panel_name,
        panel.ds,
        panel.y as y_first_known,
        panel.y + coalesce(revisions.quantity_change, 0) as y_latest,
        coalesce(panel.is_stocked_out, false) as is_stocked_out
    from {{ ref('warehouse_forecaster', 'panel') }} as panel
    semi join run_periods on panel.panel_name = run_periods.panel_name and panel.ds = run_periods.ds
    inner join bottom_nodes on panel.panel_name = bottom_nodes.panel_name and panel.unique_id = bottom_nodes.unique_id
    left join revisions
        on panel.panel_name = revisions.panel_name and panel.unique_id = revisions.unique_id and panel.ds = revisions.ds
    where panel.y is not null
),

known_periods as (
    select distinct
        panel_name,
        ds
    from actuals
),

-- a member that is launched within the horizon has no actual before, but may have a forecast
member_pairs as (
    select
        run_periods.run_period,
        bottom_nodes.node as series,
        actuals.y_first_known,
        actuals.y_latest,
        actuals.is_stocked_out,
        series.first_ds <= run_periods.cutoff as is_launched,
        members.yhat as member_yhat
    from run_periods
    inner join known_periods
        on run_periods.panel_name = known_periods.panel_name and run_periods.ds = known_periods.ds
    inner join {{ ref('warehouse_forecaster', 'series') }} as series
        on run_periods.panel_name = series.panel_name
    inner join bottom_nodes
        on series.panel_name = bottom_nodes.panel_name and series.unique_id = bottom_nodes.unique_id
    left join actuals on bottom_nodes.node = actuals.series and run_periods.ds = actuals.ds
    left join forecasts as members
        on members.is_bottom and run_periods.run_period = members.run_period and bottom_nodes.node = members.node
),

node_sums as (
    select
        member_pairs.run_period,
        memberships.node,
        count_if(not member_pairs.is_launched) as n_unlaunched,
        count_if(member_pairs.is_launched and member_pairs.y_first_known is not null) as n_launched,
        count_if(member_pairs.is_launched and member_pairs.is_stocked_out) as n_stocked_out,
        sum(case when member_pairs.is_launched then member_pairs.y_first_known end) as y_first_known,
        sum(case when member_pairs.is_launched then member_pairs.y_latest end) as y_latest,
        sum(case when member_pairs.is_launched and not member_pairs.is_stocked_out then member_pairs.y_first_known end)
            as y_first_known_in_stock,
        sum(case when member_pairs.is_launched and not member_pairs.is_stocked_out then member_pairs.y_latest end) as y_latest_in_stock,
        coalesce(sum(case when not member_pairs.is_launched then member_pairs.member_yhat end), 0) as yhat_unlaunched,
        coalesce(sum(case when member_pairs.is_launched and member_pairs.is_stocked_out then member_pairs.member_yhat end), 0)
            as yhat_stocked_out
    from member_pairs
    inner join memberships on member_pairs.series = memberships.series
    group by member_pairs.run_period, memberships.node
),

-- of the levels that the run has
node_actuals as (
    select
        node_sums.*,
        run_periods.run_cutoff,
        run_periods.cutoff,
        run_periods.horizon_step,
        nodes.level_number,
        nodes.is_bottom
    from node_sums
    inner join run_periods on node_sums.run_period = run_periods.run_period
    inner join nodes on node_sums.node = nodes.node
    semi join run_levels
        on
            run_periods.run_id = run_levels.run_id
            and run_periods.cutoff = run_levels.cutoff
            and run_periods.ds = run_levels.ds
            and nodes.level = run_levels.level
),

quantile_rows as (
    select
        run_periods.run_period,
        nodes.node,
        quantiles.quantile,
        quantiles.value
    from {{ ref('warehouse_forecaster', 'quantiles') }} as quantiles
    inner join run_periods
        on quantiles.run_id = run_periods.run_id and quantiles.cutoff = run_periods.cutoff and quantiles.ds = run_periods.ds
    inner join nodes
        on run_periods.panel_name = nodes.panel_name and quantiles.level = nodes.level and quantiles.unique_id = nodes.unique_id
),

crps_by_pair as (
    select
        quantile_rows.run_period,
        quantile_rows.node,
        {{ warehouse_forecaster.crps('node_actuals.y_first_known', 'quantile_rows.value', 'quantile_rows.quantile') }} as crps_first_known,
        {{ warehouse_forecaster.crps('node_actuals.y_latest', 'quantile_rows.value', 'quantile_rows.quantile') }} as crps_latest
    from quantile_rows
    inner join node_actuals on quantile_rows.run_period = node_actuals.run_period and quantile_rows.node = node_actuals.node
    group by quantile_rows.run_period, quantile_rows.node
),

-- forecasts made at a cutoff that is no longer one of the panel's are scaled as of the last one before
target_scales as (
    select
        run_cutoffs.run_cutoff,
        max_by(scaling.scale, scaling.cutoff) as target_scale
    from run_cutoffs
    inner join {{ ref('warehouse_forecaster', 'scaling') }} as scaling
        on run_cutoffs.panel_name = scaling.panel_name and run_cutoffs.cutoff >= scaling.cutoff
    where scaling.feature_name = 'y' and scaling.method = 'standard'
    group by run_cutoffs.run_cutoff
),

node_scales as (
    select
        nodes.node,
        scales.cutoff,
        scales.squared_step,
        scales.absolute_step,
        scales.absolute_season_step,
        scales.weight
    from {{ ref('warehouse_forecaster', 'int_metric_scales') }} as scales
    inner join nodes on scales.panel_name = nodes.panel_name and scales.level = nodes.level and scales.unique_id = nodes.unique_id
),

pairs as (
    select
        node_actuals.*,
        forecasts.yhat,
        forecasts.yhat_lower,
        forecasts.yhat_upper,
        forecasts.confidence_level,
        crps_by_pair.crps_first_known,
        crps_by_pair.crps_latest,
        case when node_actuals.is_bottom then target_scales.target_scale end as target_scale,
        node_scales.squared_step,
        node_scales.absolute_step,
        node_scales.absolute_season_step,
        node_scales.weight
    from node_actuals
    left join forecasts on node_actuals.run_period = forecasts.run_period and node_actuals.node = forecasts.node
    left join crps_by_pair on node_actuals.run_period = crps_by_pair.run_period and node_actuals.node = crps_by_pair.node
    left join target_scales on node_actuals.run_cutoff = target_scales.run_cutoff
    left join node_scales on node_actuals.node = node_scales.node and node_actuals.cutoff = node_scales.cutoff
    where node_actuals.n_launched > 0
),

variants as (
    {%- for variant in warehouse_forecaster.score_variants() %}
    {%- set y = 'y_' ~ variant.actuals | replace(' ', '_') %}
    select
        pairs.*,
        {{ variant.number }} as variant,
        {% if variant.stockouts == 'left out' -%}
        {{ y }}_in_stock as y_scored,
        yhat - yhat_unlaunched - yhat_stocked_out as yhat_scored,
        n_launched = n_stocked_out as is_left_out,
        n_stocked_out = 0 and yhat_unlaunched = 0 as is_whole,
        {%- else -%}
        {{ y }} as y_scored,
        yhat - yhat_unlaunched as yhat_scored,
        false as is_left_out,
        yhat_unlaunched = 0 as is_whole,
        {%- endif %}
        case
            when yhat_unlaunched = 0
                then {{ 'coalesce(' ~ y ~ '_in_stock, 0) + yhat_stocked_out' if variant.stockouts == 'left out' else y }}
        end as y_completed,
        crps_{{ variant.actuals | replace(' ', '_') }} as crps_scored
    from pairs
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

scored_pairs as (
    select
        run_period,
        run_cutoff,
        horizon_step,
        node,
        level_number,
        is_bottom,
        variant,
        is_left_out,
        not is_left_out and yhat is null as is_unforecast,
        case when not is_left_out and yhat is not null then y_scored end as y,
        case when not is_left_out then yhat_scored end as yhat,
        case when not is_left_out and is_whole then yhat_lower end as yhat_lower,
        case when not is_left_out and is_whole then yhat_upper end as yhat_upper,
        case when not is_left_out and is_whole then confidence_level end as confidence_level,
        case when not is_left_out and is_whole then crps_scored end as crps,
        case when yhat is not null then y_completed end as y_completed,
        target_scale,
        squared_step,
        absolute_step,
        absolute_season_step,
        weight
    from variants
)
{% endmacro %}
