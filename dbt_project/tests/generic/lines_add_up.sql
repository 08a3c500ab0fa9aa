{#- For every panel: demand by period and what is left out of it add up to the accepted lines. -#}
{% test lines_add_up(model) %}
with lines as (
    select coalesce(sum(quantity), 0) as quantity
    from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
    where withdrawn_at is null
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
    lines.quantity as quantity_of_lines,
    panels.quantity as quantity_of_panel
from panels
cross join lines
where abs(lines.quantity - panels.quantity) > 1e-6 * greatest(1, abs(lines.quantity))
{% endtest %}
