-- Steps of the history are summed between neighbouring cutoffs and then added up, so that each is taken once however many
-- cutoffs there are. The cutoffs of forecasts made earlier stay, so that live vintages can be scored when actuals arrive.
{%- set seasons = warehouse_forecaster.get_panels() | map(attribute='season_length') | map('int') | unique | list %}
{%- set up_to_cutoff = 'partition by nodes.panel_name, nodes.level, nodes.unique_id order by nodes.cutoff' %}

with settings as (
    select
        panel_name,
        season_length,
        horizon,
        first_period
    from {{ ref('warehouse_forecaster', 'settings') }}
),

hierarchy as (
    select * from {{ ref('warehouse_forecaster', 'hierarchy') }}
),

observations as (
    select
        panel_name,
        unique_id,
        ds,
        period_index,
        y,
        revenue,
        coalesce(is_stocked_out, false) as is_stocked_out
    from {{ ref('warehouse_forecaster', 'panel') }}
    where y is not null
),

cutoffs as (
    select
        panel_name,
        cutoff
    from {{ ref('warehouse_forecaster', 'cutoffs') }}
    union distinct
    select
        panel_name,
        cutoff
    from {{ ref('warehouse_forecaster', 'predictions') }}
),

origins as (
    select
        cutoffs.panel_name,
        cutoffs.cutoff,
        lag(cutoffs.cutoff) over (partition by cutoffs.panel_name order by cutoffs.cutoff) as previous_cutoff,
        periods.period_index,
        settings.horizon
    from cutoffs
    inner join settings on cutoffs.panel_name = settings.panel_name
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on cutoffs.panel_name = periods.panel_name and cutoffs.cutoff = periods.ds
),

-- a node's period counts unless all its members were out of stock: sums that left single members out would make steps of their own
summed_history as (
    select
        panel_name,
        'bottom' as level,
        unique_id,
        ds,
        y,
        is_stocked_out
    from observations
    union all
    select
        hierarchy.panel_name,
        hierarchy.level,
        hierarchy.node_id as unique_id,
        observations.ds,
        sum(observations.y) as y,
        count_if(not observations.is_stocked_out) = 0 as is_stocked_out
    from observations
    inner join hierarchy
        on observations.panel_name = hierarchy.panel_name and observations.unique_id = hierarchy.unique_id
    where hierarchy.level <> 'bottom'
    group by hierarchy.panel_name, hierarchy.level, hierarchy.node_id, observations.ds
),

aggregates as (
    select * from {{ ref('warehouse_forecaster', 'stg_aggregates') }}
    where {{ warehouse_forecaster.rejection_reason('aggregates') }} is null
),

given_history as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select
        settings.panel_name,
        aggregates.level,
        aggregates.node_id as unique_id,
        {{ warehouse_forecaster.period_start('aggregates.ds', panel.frequency) }} as ds,
        sum(aggregates.quantity) as y,
        false as is_stocked_out
    from aggregates
    inner join settings
        on
            settings.panel_name = '{{ panel.name }}'
            and settings.first_period > {{ warehouse_forecaster.period_start('aggregates.ds', panel.frequency) }}
    group by
        settings.panel_name,
        aggregates.level,
        aggregates.node_id,
        {{ warehouse_forecaster.period_start('aggregates.ds', panel.frequency) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

node_history as (
    select * from summed_history
    union all
    select given_history.*
    from given_history
    semi join hierarchy
        on
            given_history.panel_name = hierarchy.panel_name
            and given_history.level = hierarchy.level
            and given_history.unique_id = hierarchy.node_id
),

first_sales as (
    select
        panel_name,
        level,
        unique_id,
        min(ds) as first_ds,
        min(case when y <> 0 then ds end) as first_sale
    from node_history
    group by panel_name, level, unique_id
),

selling_history as (
    select
        node_history.panel_name,
        node_history.level,
        node_history.unique_id,
        node_history.ds,
        case when not node_history.is_stocked_out then node_history.y end as y,
        settings.season_length
    from node_history
    inner join settings on node_history.panel_name = settings.panel_name
    inner join first_sales
        on
            node_history.panel_name = first_sales.panel_name
            and node_history.level = first_sales.level
            and node_history.unique_id = first_sales.unique_id
            and node_history.ds >= first_sales.first_sale
),

steps as (
    select
        panel_name,
        level,
        unique_id,
        ds,
        y,
        y - lag(y) over (partition by panel_name, level, unique_id order by ds) as step,
        case season_length
            {%- for season in seasons %}
            when {{ season }} then y - lag(y, {{ season }}) over (partition by panel_name, level, unique_id order by ds)
            {%- endfor %}
        end as season_step
    from selling_history
),

steps_between_cutoffs as (
    select
        steps.panel_name,
        steps.level,
        steps.unique_id,
        origins.cutoff,
        count(steps.y) as n_periods,
        count(steps.step) as n_steps,
        count(steps.season_step) as n_season_steps,
        sum(steps.step * steps.step) as squared_steps,
        sum(abs(steps.step)) as absolute_steps,
        sum(abs(steps.season_step)) as absolute_season_steps
    from steps
    inner join origins
        on
            steps.panel_name = origins.panel_name
            and steps.ds <= origins.cutoff
            and (origins.previous_cutoff is null or steps.ds > origins.previous_cutoff)
    group by steps.panel_name, steps.level, steps.unique_id, origins.cutoff
),

nodes_by_cutoff as (
    select
        first_sales.panel_name,
        first_sales.level,
        first_sales.unique_id,
        origins.cutoff
    from first_sales
    inner join origins
        on first_sales.panel_name = origins.panel_name and first_sales.first_ds <= origins.cutoff
),

steps_to_cutoff as (
    select
        nodes.panel_name,
        nodes.level,
        nodes.unique_id,
        nodes.cutoff,
        sum(coalesce(between_cutoffs.n_periods, 0)) over ({{ up_to_cutoff }}) as n_periods,
        sum(between_cutoffs.squared_steps) over ({{ up_to_cutoff }})
        / nullif(sum(between_cutoffs.n_steps) over ({{ up_to_cutoff }}), 0) as squared_step,
        sum(between_cutoffs.absolute_steps) over ({{ up_to_cutoff }})
        / nullif(sum(between_cutoffs.n_steps) over ({{ up_to_cutoff }}), 0) as absolute_step,
        sum(between_cutoffs.absolute_season_steps) over ({{ up_to_cutoff }})
        / nullif(sum(between_cutoffs.n_season_steps) over ({{ up_to_cutoff }}), 0) as absolute_season_step
    from nodes_by_cutoff as nodes
    left join steps_between_cutoffs as between_cutoffs
        on
            nodes.panel_name = between_cutoffs.panel_name
            and nodes.level = between_cutoffs.level
            and nodes.unique_id = between_cutoffs.unique_id
            and nodes.cutoff = between_cutoffs.cutoff
),

recent_sales as (
    select
        observations.panel_name,
        origins.cutoff,
        observations.unique_id,
        sum(observations.revenue) as revenue,
        sum(observations.y) as y
    from observations
    inner join origins
        on
            observations.panel_name = origins.panel_name
            and observations.period_index <= origins.period_index
            and observations.period_index > origins.period_index - origins.horizon
    group by observations.panel_name, origins.cutoff, observations.unique_id
),

-- revenue where the panel has any, else units: never a mixture of both within a cutoff
recent_values as (
    select
        panel_name,
        cutoff,
        unique_id,
        case when sum(revenue) over (partition by panel_name, cutoff) > 0 then coalesce(revenue, 0) else y end as value
    from recent_sales
),

node_values as (
    select
        recent_values.panel_name,
        recent_values.cutoff,
        hierarchy.level,
        hierarchy.node_id as unique_id,
        sum(recent_values.value) as value
    from recent_values
    inner join hierarchy
        on recent_values.panel_name = hierarchy.panel_name and recent_values.unique_id = hierarchy.unique_id
    group by recent_values.panel_name, recent_values.cutoff, hierarchy.level, hierarchy.node_id
),

weights as (
    select
        panel_name,
        cutoff,
        level,
        unique_id,
        value / nullif(sum(value) over (partition by panel_name, cutoff, level), 0) as weight
    from node_values
),

given_scales as (
    select
        panel_name,
        level,
        node_id as unique_id,
        max(scale) as squared_step
    from {{ ref('warehouse_forecaster', 'stg_metric_scales') }}
    where {{ warehouse_forecaster.rejection_reason('metric_scales') }} is null
    group by panel_name, level, node_id
),

final as (
    select
        steps.panel_name,
        steps.cutoff,
        steps.level,
        steps.unique_id,
        cast(steps.n_periods as bigint) as n_periods,
        cast(coalesce(given_scales.squared_step, steps.squared_step) as double) as squared_step,
        cast(steps.absolute_step as double) as absolute_step,
        cast(steps.absolute_season_step as double) as absolute_season_step,
        cast(coalesce(weights.weight, 0) as double) as weight
    from steps_to_cutoff as steps
    left join weights
        on
            steps.panel_name = weights.panel_name
            and steps.cutoff = weights.cutoff
            and steps.level = weights.level
            and steps.unique_id = weights.unique_id
    left join given_scales
        on
            steps.panel_name = given_scales.panel_name
            and steps.level = given_scales.level
            and steps.unique_id = given_scales.unique_id
)

select * from final
