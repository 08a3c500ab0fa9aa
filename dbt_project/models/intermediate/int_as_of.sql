{% set given = warehouse_forecaster.business('as_of') %}

{% if given is not none %}

with moment as (
    select {{ warehouse_forecaster.local_to_utc("timestamp '" ~ given ~ "'") }} as as_of
),

{% elif warehouse_forecaster.has_input('demand') %}

with moment as (
    select {{ warehouse_forecaster.closes_at('max(ds) + 1') }} as as_of
    from {{ ref('warehouse_forecaster', 'stg_demand') }}
),

{% else %}

with orders as (
    select
        ordered_at,
        -- one mistyped year must not move us there: an order is no younger than its record, nor than today
        ordered_at <= {{ warehouse_forecaster.utc_now() }}
        and (loaded_at is null or ordered_at < loaded_at + interval 1 day) as is_plausible
    from {{ ref('warehouse_forecaster', 'stg_sales') }}
    where item_id is not null and quantity is not null and ordered_at is not null
),

newest as (
    select coalesce(max(ordered_at) filter (where is_plausible), max(ordered_at)) as ordered_at
    from orders
),

-- the newest day may still be going on, so we stand at the close of the one before, which the newest order must have reached
moment as (
    select {{ warehouse_forecaster.closes_at(warehouse_forecaster.closed_on('ordered_at')) }} as as_of
    from newest
),

{% endif %}

final as (
    select
        as_of,
        {{ warehouse_forecaster.business_date('as_of') }} as as_of_on
    from moment
)

select * from final
