{#- For every panel: demand by period and what is left out of it add up to the accepted lines; for a panel of nodes, to the accepted rows of
    `aggregates`. -#}
{% test lines_add_up(model) %}
with lines as (
    select coalesce(sum(quantity), 0) as quantity
    from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
    where withdrawn_at is null
),

aggregates as (
    select coalesce(sum(quantity), 0) as quantity
    from {{ ref('warehouse_forecaster', 'stg_aggregates') }}
    where {{ warehouse_forecaster.rejection_reason('aggregates') }} is null
),

expected as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select '{{ panel.name }}' as panel_name, quantity
    from {{ 'aggregates' if panel.nodes_of else 'lines' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

parts as (
    select panel_name, quantity_latest as quantity from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
    union all
    select panel_name, quantity from {{ model }}
),

panels as (
    select
        panel_name,
        sum(quantity) as quantity
    from parts
    group by panel_name
)

select
    panels.panel_name,
    expected.quantity as quantity_of_lines,
    panels.quantity as quantity_of_panel
from panels
inner join expected on panels.panel_name = expected.panel_name
where abs(expected.quantity - panels.quantity) > 1e-6 * greatest(1, abs(expected.quantity))
{% endtest %}
