-- What each day's rows of demand say now, as one number: a build compares it with what it was told before, so that a row which is late, changed
-- or gone is found whatever record time it bears.
{%- set said = [
    'order_id', 'line_number', 'item_id', 'location_id', 'customer_id', 'returned_order_id', 'quantity', 'unit_price', 'discount',
    'currency', 'is_cancelled', 'ordered_at', 'cancelled_at', 'loaded_at', 'cast_error', 'own_reason',
    'touched_at >= ' ~ warehouse_forecaster.as_of(),
] %}

select
    batch_on,
    sum(cast({{ warehouse_forecaster.hashed(said) }} as decimal(38, 0))) as checksum
from {{ ref('warehouse_forecaster', 'int_demand_candidates') }}
group by batch_on
