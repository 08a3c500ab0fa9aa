-- Lines by day are few: the bounds of every panel follow from them, not from the lines.
with as_of as (
    select {{ warehouse_forecaster.closed_on('as_of') }} as closed_on from {{ ref('warehouse_forecaster', 'int_as_of') }}
),

demand_days as ( -- noqa: ST03, panels of nodes have their own
    select
        demand_on,
        min(recorded_at) as first_recorded_at
    from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
    group by demand_on
),

{% if warehouse_forecaster.get_panels() | selectattr('nodes_of') | list -%}
aggregates as (
    select
        level,
        node_id,
        ds
    from {{ ref('warehouse_forecaster', 'stg_aggregates') }}
    where {{ warehouse_forecaster.rejection_reason('aggregates') }} is null
),

node_days as ( -- noqa: ST03, only panels of nodes use it
    select
        nodes.panel_name,
        aggregates.ds as demand_on
    from aggregates
    inner join {{ ref('warehouse_forecaster', 'int_nodes') }} as nodes
        on aggregates.level = nodes.level and aggregates.node_id = nodes.node_id
    cross join as_of
    where aggregates.ds < as_of.closed_on
    group by nodes.panel_name, aggregates.ds
),
{%- endif %}

{% for panel in warehouse_forecaster.get_panels() %}
{%- set frequency = panel.frequency %}
{%- set last_closed = warehouse_forecaster.period_add(warehouse_forecaster.period_start('as_of.closed_on', frequency), -1, frequency) %}
{%- if panel.nodes_of %}
-- rows of single days end a period with its last day, rows of whole periods with the row itself
{{ panel.name }}_bounds as (
    select
        case
            when min(days.demand_on) = min({{ warehouse_forecaster.period_start('days.demand_on', frequency) }})
                then min({{ warehouse_forecaster.period_start('days.demand_on', frequency) }})
            else min({{ warehouse_forecaster.period_add(warehouse_forecaster.period_start('days.demand_on', frequency), 1, frequency) }})
        end as first_period,
        least(
            max({{ last_closed }}),
            case
                when count_if(days.demand_on <> {{ warehouse_forecaster.period_start('days.demand_on', frequency) }}) = 0
                    then max(days.demand_on)
                else max({{ warehouse_forecaster.period_add(
                    warehouse_forecaster.period_start('days.demand_on + 1', frequency), -1, frequency
                ) }})
            end
        ) as last_period
    from node_days as days
    cross join as_of
    where days.panel_name = '{{ panel.name }}'
),
{%- else %}
{{ panel.name }}_days as (
    select
        demand_on,
        {{ warehouse_forecaster.period_start('demand_on', frequency) }} as ds,
        first_recorded_at
    from demand_days
),

-- a late record of an old day must not move the first period: only what was known at its period's close counts
{{ panel.name }}_first_days as (
    select
        min(demand_on) as first_day,
        min(ds) as first_ds
    from {{ panel.name }}_days
    where first_recorded_at < {{ warehouse_forecaster.closes_at(warehouse_forecaster.period_add('ds', 1, frequency)) }}
),

{{ panel.name }}_bounds as (
    select
        case
            when days.first_day = days.first_ds then days.first_ds
            else {{ warehouse_forecaster.period_add('days.first_ds', 1, frequency) }}
        end as first_period,
        {{ last_closed }} as last_period
    from {{ panel.name }}_first_days as days
    cross join as_of
),
{%- endif %}

{{ panel.name }}_periods as (
    select
        first_period,
        last_period,
        cast({{ warehouse_forecaster.explode_numbers(
            warehouse_forecaster.periods_between('first_period', 'last_period', frequency) ~ ' + 1 + ' ~ panel.horizon
        ) }} as integer) as period_index
    from {{ panel.name }}_bounds
    where first_period <= last_period
),

{{ panel.name }}_dated as (
    select
        '{{ panel.name }}' as panel_name,
        {{ warehouse_forecaster.period_add('first_period', 'period_index', frequency) }} as ds,
        {{ warehouse_forecaster.period_add('first_period', 'period_index + 1', frequency) }} as period_end,
        period_index,
        last_period
    from {{ panel.name }}_periods
),
{% endfor %}

panels as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select * from {{ panel.name }}_dated
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        panel_name,
        ds,
        period_end,
        {{ warehouse_forecaster.closes_at('period_end') }} as closes_at,
        period_index,
        ds <= last_period as is_complete,
        ds > last_period as is_future
    from panels
)

select * from final
