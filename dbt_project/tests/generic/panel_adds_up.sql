{#- Every unit known at a period's close stands in the panel, and none besides. -#}
{% test panel_adds_up(model) %}
with demand as (
    select
        panel_name,
        sum(quantity) as quantity
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
    group by panel_name
),

panels as (
    select
        panel_name,
        sum(y) as quantity
    from {{ model }}
    group by panel_name
)

select
    demand.panel_name,
    demand.quantity as quantity_of_demand,
    panels.quantity as quantity_of_panel
from demand
left join panels on demand.panel_name = panels.panel_name
where abs(demand.quantity - coalesce(panels.quantity, 0)) > 1e-6 * greatest(1, abs(demand.quantity))
{% endtest %}
