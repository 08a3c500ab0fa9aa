{#- CTEs `undone` (line_id, undone_at) and `undoing` (line_id): orders taken back whole on their own day, and the lines
    that did it. A return takes back the nearest earlier order that is still open, each order once: the lines of one customer
    (or of the order named), item, location and quantity are brackets, an order opens one and a return closes the last. -#}
{% macro undone_orders(lines) %}
same_day as (
    select
        line_id,
        demand_on,
        ordered_at,
        recorded_at,
        is_return,
        item_id,
        location_id,
        abs(quantity) as units,
        {%- if warehouse_forecaster.has_column('sales', 'returned_order_id') %}
        case when is_return then returned_order_id else order_id end as party
        {%- else %}
        customer_id as party
        {%- endif %}
    from {{ lines }}
    where
        rejection_reason is null
        and withdrawn_at is null
        and {{ warehouse_forecaster.business_date('recorded_at') }} >= demand_on
        and recorded_at < {{ warehouse_forecaster.closes_at('demand_on + 1') }}
),

brackets as (
    select
        same_day.*,
        sum(case when is_return then -1 else 1 end) over (
            partition by party, item_id, location_id, units, demand_on
            order by ordered_at, is_return, recorded_at, line_id
            rows between unbounded preceding and current row
        ) as balance
    from same_day
    where party in (select party from same_day where is_return)
),

floored as (
    select
        *,
        balance - least(0, min(balance) over (
            partition by party, item_id, location_id, units, demand_on
            order by ordered_at, is_return, recorded_at, line_id
            rows between unbounded preceding and current row
        )) as depth
    from brackets
),

levelled as (
    select
        *,
        case
            when not is_return then depth
            else coalesce(lag(depth) over (
                partition by party, item_id, location_id, units, demand_on
                order by ordered_at, is_return, recorded_at, line_id
            ), 0)
        end as level
    from floored
),

paired as (
    select
        line_id,
        is_return,
        lead(line_id) over (
            partition by party, item_id, location_id, units, demand_on, level
            order by ordered_at, is_return, recorded_at, line_id
        ) as undone_by,
        lead(recorded_at) over (
            partition by party, item_id, location_id, units, demand_on, level
            order by ordered_at, is_return, recorded_at, line_id
        ) as undone_at
    from levelled
    where level > 0
),

undone as (
    select
        line_id,
        undone_by,
        undone_at
    from paired
    where not is_return and undone_by is not null
),

undoing as (
    select undone_by as line_id from undone
)
{%- endmacro %}
