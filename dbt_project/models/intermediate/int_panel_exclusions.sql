-- Demand that stands but belongs to no row of a panel: with int_demand_by_period it adds up to all accepted lines, or for a panel of nodes
-- to all accepted rows of `aggregates`.
with lines as (
    select *
    from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
    where withdrawn_at is null
),

bounds as (
    select
        panel_name,
        min(ds) as history_start,
        max(period_end) as history_end
    from {{ ref('warehouse_forecaster', 'int_periods') }}
    where is_complete
    group by panel_name
),

{% if warehouse_forecaster.get_panels() | selectattr('nodes_of') | list -%}
aggregates as ( -- noqa: ST03, only panels of nodes use it
    select
        level,
        node_id,
        ds as demand_on,
        quantity
    from {{ ref('warehouse_forecaster', 'stg_aggregates') }}
    where {{ warehouse_forecaster.rejection_reason('aggregates') }} is null
),
{%- endif %}

panels as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select
        '{{ panel.name }}' as panel_name,
        case
            {%- if panel.nodes_of %}
            when lines.level not in (
                {%- for part in panel.node_levels %}'{{ warehouse_forecaster.level_name(part) }}'{{ ', ' if not loop.last }}{% endfor -%}
            ) then 'no level of {{ panel.nodes_of }}'
            {%- endif %}
            {%- for key in panel.grain %}
            when lines.{{ key }} is null then 'no {{ key | replace('_id', '') }}'
            {%- endfor %}
            {%- if not panel.signed %}
            when lines.quantity < 0 then 'negative quantity in a panel that is not signed'
            {%- endif %}
            when bounds.history_start is null then 'no complete period'
            when lines.demand_on < bounds.history_start then 'before the first complete period'
            when lines.demand_on >= bounds.history_end then 'after the last complete period'
        end as reason,
        lines.demand_on,
        lines.quantity
    from {{ 'aggregates as lines' if panel.nodes_of else 'lines' }}
    left join bounds on bounds.panel_name = '{{ panel.name }}' -- noqa: ST11
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        panel_name,
        reason,
        min(demand_on) as first_day,
        max(demand_on) as last_day,
        count(*) as n_rows,
        sum(quantity) as quantity
    from panels
    where reason is not null
    group by panel_name, reason
)

select * from final
