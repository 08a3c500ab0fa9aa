{#- What was known at each period's close and its revisions add up to what stands today. -#}
{% test revisions_add_up(model) %}
with parts as (
    select
        panel_name,
        unique_id,
        ds,
        quantity - quantity_latest as quantity
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
    where quantity <> quantity_latest
    union all
    select
        panel_name,
        unique_id,
        ds,
        quantity_change as quantity
    from {{ model }}
)

select
    panel_name,
    unique_id,
    ds,
    sum(quantity) as difference
from parts
group by panel_name, unique_id, ds
having abs(sum(quantity)) > 1e-6
{% endtest %}
