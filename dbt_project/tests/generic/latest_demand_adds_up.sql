{#- For every panel: demand as it stands today adds up to that of all its series and periods, in the panel or before a series began. -#}
{% test latest_demand_adds_up(model) %}
with expected as (
    select
        panel_name,
        sum(quantity_latest) as quantity
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
    group by panel_name
),

found as (
    select
        panel_name,
        sum(demand_latest) as quantity
    from {{ model }}
    group by panel_name
)

select
    expected.panel_name,
    expected.quantity as quantity_expected,
    found.quantity as quantity_found
from expected
left join found on expected.panel_name = found.panel_name
where abs(expected.quantity - coalesce(found.quantity, 0)) > 1e-6 * greatest(1, abs(expected.quantity))
{% endtest %}
