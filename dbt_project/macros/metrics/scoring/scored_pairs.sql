{#-
    CTEs that end in `scored_pairs`: every pair of forecast and actual of some runs, once for each way of treating stock-outs and
    revisions. `runs` is a select of run ids; `cutoff` is an expression, and null there means every cutoff.

    What is not scored keeps its row with `y` and `yhat` null and says why, so that it is counted: a period out of stock
    (`is_left_out`), a missing forecast (`is_unforecast`). Series launched after the cutoff do not count at all. Above the bottom
    level an actual is the sum of the members that count, and what was forecast for the others is taken off the node's forecast;
    its interval and quantiles are then dropped, since they cannot be split. Distributions of sums are scored against `y_completed`,
    in which what was out of stock stands at its forecast mean.
-#}
{% macro scored_pairs(runs, cutoff=none) %}
scored_runs as (
    {{ runs }}
),

forecasts as (
    select predictions.*
    from {{ ref('warehouse_forecaster', 'predictions') }} as predictions
    semi join scored_runs on predictions.run_id = scored_runs.run_id
    {%- if cutoff %}
    where predictions.cutoff = coalesce({{ cutoff }}, predictions.cutoff)
    {%- endif %}
),

origins as (
    select distinct
        run_id,
        panel_name,
        model_name,
        level,
        cutoff,
        ds,
        horizon_step
    from forecasts
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

-- each period of a run once, whatever its levels
run_periods as (
    select
        row_number() over (order by run_id, cutoff, ds) as run_period,
        run_id,
        panel_name,
        model_name,
        cutoff,
        ds,
        horizon_step
    from (select distinct run_id, panel_name, model_name, cutoff, ds, horizon_step from origins) as periods
),

actuals as (
    select
        panel.panel_name,
        panel.unique_id,
        panel.ds,
        panel.y as y_first_known,
        panel.y + coalesce(revisions.quantity_change, 0) as y_latest,
        coalesce(panel.is_stocked_out, false) as is_stocked_out
    from {{ ref('warehouse_forecaster', 'panel') }} as panel
    semi join run_periods on panel.panel_name = run_periods.panel_name and panel.ds = run_periods.ds
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
        run_periods.panel_name,
        series.unique_id,
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
    left join actuals
        on
            run_periods.panel_name = actuals.panel_name
            and series.unique_id = actuals.unique_id
            and run_periods.ds = actuals.ds
    left join forecasts as members
        on
            members.level = 'bottom'
            and run_periods.run_id = members.run_id
            and series.unique_id = members.unique_id
            and run_periods.cutoff = members.cutoff
            and run_periods.ds = members.ds
),

node_sums as (
    select
        member_pairs.run_period,
        hierarchy.level,
        hierarchy.node_id as unique_id,
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
    inner join {{ ref('warehouse_forecaster', 'hierarchy') }} as hierarchy
        on member_pairs.panel_name = hierarchy.panel_name and member_pairs.unique_id = hierarchy.unique_id
    group by member_pairs.run_period, hierarchy.level, hierarchy.node_id
),

node_actuals as (
    select
        origins.run_id,
        origins.panel_name,
        origins.model_name,
        origins.level,
        node_sums.unique_id,
        origins.cutoff,
        origins.ds,
        origins.horizon_step,
        {%- for column in [
            'n_unlaunched', 'n_launched', 'n_stocked_out', 'y_first_known', 'y_latest', 'y_first_known_in_stock', 'y_latest_in_stock',
            'yhat_unlaunched', 'yhat_stocked_out',
        ] %}
        node_sums.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from node_sums
    inner join run_periods on node_sums.run_period = run_periods.run_period
    inner join origins
        on
            run_periods.run_id = origins.run_id
            and run_periods.panel_name = origins.panel_name
            and node_sums.level = origins.level
            and run_periods.cutoff = origins.cutoff
            and run_periods.ds = origins.ds
),

crps_by_pair as (
    select
        quantiles.run_id,
        quantiles.level,
        quantiles.unique_id,
        quantiles.cutoff,
        quantiles.ds,
        {{ warehouse_forecaster.crps('node_actuals.y_first_known', 'quantiles.value', 'quantiles.quantile') }} as crps_first_known,
        {{ warehouse_forecaster.crps('node_actuals.y_latest', 'quantiles.value', 'quantiles.quantile') }} as crps_latest
    from {{ ref('warehouse_forecaster', 'quantiles') }} as quantiles
    semi join scored_runs on quantiles.run_id = scored_runs.run_id
    inner join node_actuals
        on
            quantiles.run_id = node_actuals.run_id
            and quantiles.level = node_actuals.level
            and quantiles.unique_id = node_actuals.unique_id
            and quantiles.cutoff = node_actuals.cutoff
            and quantiles.ds = node_actuals.ds
    group by quantiles.run_id, quantiles.level, quantiles.unique_id, quantiles.cutoff, quantiles.ds
),

-- forecasts made at a cutoff that is no longer one of the panel's are scaled as of the last one before
target_scales as (
    select
        cutoffs.panel_name,
        cutoffs.cutoff,
        max_by(scaling.scale, scaling.cutoff) as target_scale
    from (select distinct panel_name, cutoff from origins) as cutoffs
    inner join {{ ref('warehouse_forecaster', 'scaling') }} as scaling
        on cutoffs.panel_name = scaling.panel_name and cutoffs.cutoff >= scaling.cutoff
    where scaling.feature_name = 'y' and scaling.method = 'standard'
    group by cutoffs.panel_name, cutoffs.cutoff
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
        case when node_actuals.level = 'bottom' then target_scales.target_scale end as target_scale
    from node_actuals
    left join forecasts
        on
            node_actuals.run_id = forecasts.run_id
            and node_actuals.level = forecasts.level
            and node_actuals.unique_id = forecasts.unique_id
            and node_actuals.cutoff = forecasts.cutoff
            and node_actuals.ds = forecasts.ds
    left join crps_by_pair
        on
            node_actuals.run_id = crps_by_pair.run_id
            and node_actuals.level = crps_by_pair.level
            and node_actuals.unique_id = crps_by_pair.unique_id
            and node_actuals.cutoff = crps_by_pair.cutoff
            and node_actuals.ds = crps_by_pair.ds
    left join target_scales
        on node_actuals.panel_name = target_scales.panel_name and node_actuals.cutoff = target_scales.cutoff
    where node_actuals.n_launched > 0
),

variants as (
    {%- for stockouts in ['left out', 'kept'] %}
    {%- for actuals in ['first known', 'latest'] %}
    {%- set y = 'y_' ~ actuals | replace(' ', '_') %}
    {%- set crps = 'crps_' ~ actuals | replace(' ', '_') %}
    select
        pairs.*,
        '{{ stockouts }}' as stockouts,
        '{{ actuals }}' as actuals,
        {% if stockouts == 'left out' -%}
        {{ y }}_in_stock as y_scored,
        yhat - yhat_unlaunched - yhat_stocked_out as yhat_scored,
        n_launched = n_stocked_out as is_left_out,
        n_unlaunched + n_stocked_out = 0 as is_whole,
        {%- else -%}
        {{ y }} as y_scored,
        yhat - yhat_unlaunched as yhat_scored,
        false as is_left_out,
        n_unlaunched = 0 as is_whole,
        {%- endif %}
        case when yhat_unlaunched = 0 then {{ 'coalesce(' ~ y ~ '_in_stock, 0) + yhat_stocked_out' if stockouts == 'left out' else y }} end as y_completed,
        {{ crps }} as crps_scored
    from pairs
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

scored_pairs as (
    select
        variants.run_id,
        variants.panel_name,
        variants.model_name,
        variants.level,
        variants.unique_id,
        variants.cutoff,
        variants.ds,
        variants.horizon_step,
        variants.stockouts,
        variants.actuals,
        variants.is_left_out,
        not variants.is_left_out and variants.yhat is null as is_unforecast,
        case when not variants.is_left_out and variants.yhat is not null then variants.y_scored end as y,
        case when not variants.is_left_out then variants.yhat_scored end as yhat,
        case when not variants.is_left_out and variants.is_whole then variants.yhat_lower end as yhat_lower,
        case when not variants.is_left_out and variants.is_whole then variants.yhat_upper end as yhat_upper,
        case when not variants.is_left_out and variants.is_whole then variants.confidence_level end as confidence_level,
        case when not variants.is_left_out and variants.is_whole then variants.crps_scored end as crps,
        case when variants.yhat is not null then variants.y_completed end as y_completed,
        variants.target_scale,
        scales.squared_step,
        scales.absolute_step,
        scales.absolute_season_step,
        scales.weight
    from variants
    left join {{ ref('warehouse_forecaster', 'int_metric_scales') }} as scales
        on
            variants.panel_name = scales.panel_name
            and variants.cutoff = scales.cutoff
            and variants.level = scales.level
            and variants.unique_id = scales.unique_id
)
{% endmacro %}
