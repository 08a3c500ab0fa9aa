-- Events of known types, each counted once, by item, place, customer, the day they happened and the day they were recorded.
with events as (
    select
        event_id,
        lower(event_type) as event_type,
        item_id,
        coalesce(location_id, 'all') as location_id,
        customer_id,
        {{ warehouse_forecaster.business_date('occurred_at') }} as occurred_on,
        {{ warehouse_forecaster.business_date('coalesce(greatest(loaded_at, occurred_at), occurred_at)') }} as recorded_on,
        loaded_at
    from {{ ref('warehouse_forecaster', 'stg_events') }}
    where {{ warehouse_forecaster.rejection_reason('events') }} is null
),

-- The first record of an event stands; without an id each row is an event.
distinct_events as (
    select event_type, item_id, location_id, customer_id, occurred_on, recorded_on
    from events
    where event_id is not null
    qualify row_number() over (
        partition by event_id
        order by loaded_at nulls first, occurred_on, item_id, event_type, location_id, customer_id
    ) = 1
    union all
    select event_type, item_id, location_id, customer_id, occurred_on, recorded_on
    from events
    where event_id is null
),

final as (
    select
        item_id,
        location_id,
        customer_id,
        occurred_on,
        recorded_on,
        cast(count_if(event_type = 'view') as integer) as views,
        cast(count_if(event_type = 'cart') as integer) as carts,
        cast(count_if(event_type = 'wishlist') as integer) as wishlists,
        cast(count_if(event_type = 'purchase') as integer) as purchases
    from distinct_events
    group by item_id, location_id, customer_id, occurred_on, recorded_on
)

select * from final
