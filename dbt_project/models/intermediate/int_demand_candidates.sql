{#- What can be said of a line of demand by itself. Both inputs take one shape here: a row of `demand` is an order of its day. -#}
{% set from_sales = warehouse_forecaster.has_input('sales') %}
{% set max_quantity = warehouse_forecaster.business('max_quantity') %}
{% set currency = warehouse_forecaster.business('currency') %}
{% set names_returned_order = warehouse_forecaster.has_column('sales', 'returned_order_id') %}
{% set content = [
    'order_id', 'line_number', 'item_id', 'location_id', 'customer_id', 'returned_order_id', 'quantity', 'unit_price', 'discount',
    'currency', 'is_cancelled', 'ordered_at', 'cancelled_at', 'cast_error',
] %}
{% set is_signed = warehouse_forecaster.get_panels() | selectattr('signed') | list | length > 0 %}

{% if from_sales %}

with lines as (
    select
        order_id,
        line_number,
        item_id,
        location_id,
        customer_id,
        returned_order_id,
        quantity,
        unit_price,
        discount,
        currency,
        coalesce(is_cancelled, false) or cancelled_at is not null as is_cancelled,
        ordered_at,
        cancelled_at,
        loaded_at,
        cast_error,
        {{ warehouse_forecaster.business_date('ordered_at') }} as demand_on,
        coalesce(quantity < 0, false) or returned_order_id is not null as is_return
    from {{ ref('warehouse_forecaster', 'stg_sales') }}
),

{% else %}

with lines as (
    select
        cast(null as varchar) as order_id,
        cast(null as integer) as line_number,
        item_id,
        location_id,
        customer_id,
        cast(null as varchar) as returned_order_id,
        quantity,
        case when quantity <> 0 then revenue / quantity end as unit_price,
        cast(null as double) as discount,
        cast(null as varchar) as currency,
        false as is_cancelled,
        {{ warehouse_forecaster.local_to_utc('ds') }} as ordered_at,
        cast(null as timestamp) as cancelled_at,
        loaded_at,
        cast_error,
        ds as demand_on,
        false as is_return
    from {{ ref('warehouse_forecaster', 'stg_demand') }}
),

{% endif %}

identified as (
    select
        *,
        coalesce(loaded_at, ordered_at) as recorded_at,
        -- what a row says, its load time aside
        {%- if from_sales %}
        {{ warehouse_forecaster.content_id(content) }} as content_id,
        {%- else %}
        cast(null as varchar) as content_id,
        {%- endif %}
        -- what a row is about: a later row about the same restates it
        {% if from_sales -%}
        case
            when order_id is not null
                then {{ warehouse_forecaster.content_id(['order_id', 'line_number', 'item_id', 'is_return']) }}
        end as version_key,
        line_number is not null as is_numbered
        {%- else -%}
        -- as text: a digest of each of many million totals would cost more than all else that is done with them here
        concat_ws(
            '|',
            {%- for column in ['item_id', 'location_id', 'customer_id'] %}
            coalesce(replace({{ column }}, '|', '||'), '|-'),
            {%- endfor %}
            coalesce(cast(demand_on as varchar), '|-')
        ) as version_key,
        true as is_numbered
        {%- endif %}

    from lines
),

final as (
    select
        *,
        -- the day whose lines are read again together; a line without a day stands on the first of all
        coalesce(demand_on, date '0001-01-01') as batch_on,
        greatest(recorded_at, cancelled_at) as touched_at,
        case
            when recorded_at >= {{ warehouse_forecaster.as_of() }} then 'recorded at or after as_of'
            when {{ warehouse_forecaster.unreadable('ordered_at' if from_sales else 'ds') }} then 'unreadable time'
            when ordered_at is null then 'missing time'
            -- a zero of some system, or a mistyped year: a dense history from there would be all nothing
            when ordered_at <= timestamp '{{ '1970-01-01' if from_sales else '1900-01-01' }}' then 'impossible time'
            when ordered_at >= {{ warehouse_forecaster.as_of() }} then 'dated at or after as_of'
            when {{ warehouse_forecaster.unreadable('quantity') }} then 'unreadable quantity'
            when quantity is null then 'missing quantity'
            when item_id is null then 'missing item'
            {%- if from_sales %}
            when abs(quantity) >= {{ max_quantity }} then 'absurd quantity'
            {%- if names_returned_order %}
            when quantity < 0 and returned_order_id is null then 'negative quantity that returns no order'
            {%- endif %}
            when unit_price < 0 then 'negative price'
            {%- if currency is not none %}
            when currency <> upper('{{ currency }}') then 'other currency'
            {%- endif %}
            when quantity = 0 then 'zero quantity'
            {%- elif not is_signed %}
            when quantity < 0 then 'negative quantity'
            {%- endif %}
        end as own_reason
    from identified
)

select * from final
