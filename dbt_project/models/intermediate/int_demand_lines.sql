{#- Accepted lines with a price each. Built by the days that int_sales_classified has built anew, and those whose made-up prices may
    rest on them. -#}
{{ config(
    materialized='incremental', incremental_strategy='replace_batches', unique_key='demand_on', on_schema_change='fail',
    post_hook='{{ warehouse_forecaster.record_batches() }}',
) }}
{%- do warehouse_forecaster.depends_on('int_builds') %}
{% set has_price = warehouse_forecaster.has_column('sales', 'unit_price') or warehouse_forecaster.has_column('demand', 'revenue') %}
{% set method = warehouse_forecaster.imputation_method('unit_price') %}
{% set look_back = 90 %}

{#- A table of its own for each reader: one that they shared would be held in memory whole. -#}
{%- set classified %}(
    select
        *,
        case when unit_price <= {{ warehouse_forecaster.business('max_unit_price') }} then unit_price end as known_price,
        case when discount between 0 and 1 then discount end as known_discount
    from {{ ref('warehouse_forecaster', 'int_sales_classified') }}
    where rejection_reason is null and line_role = 'order'
) as classified{% endset %}
{%- set lines %}{{ classified }}{% if is_incremental() %} where batch_on in (select batch_on from batches){% else %} where true{% endif %}{% endset %}

with {% if is_incremental() %}

touched as (
    select ds as batch_on from ({{ warehouse_forecaster.touched_batches() }}) as differing
),

-- a made-up price looks at what was recorded before its line, so no change reaches a line recorded before the first of them; a day is
-- given for time zones
first_change as (
    select least(
        (select cast(min(batch_on) as timestamp) - interval 1 day from touched where batch_on > date '0001-01-01'),
        (select min(recorded_at) from {{ classified }} where batch_on in (select batch_on from touched))
    ) as recorded_at
),

batches as (
    select batch_on from touched
    {%- if has_price and method is not number %}
    union
    select batch_on
    from {{ classified }}
    where known_price is null and quantity <> 0 and recorded_at >= (select recorded_at from first_change)
    {%- endif %}
),

{% endif %}

{% if has_price and method is not number %}

-- a day on which nothing was ordered has no price to make up
unpriced as (
    select
        line_id,
        item_id,
        demand_on,
        recorded_at,
        {{ warehouse_forecaster.business_date('recorded_at') }} as recorded_on
    from {{ lines }}
        and known_price is null and quantity <> 0
),

-- only what had been recorded before the line itself may say anything about its price
earlier_prices as (
    select
        unpriced.line_id,
        classified.known_price,
        classified.recorded_at,
        classified.line_id as priced_line_id,
        classified.recorded_at >= unpriced.recorded_at - interval {{ look_back }} day as is_recent,
        dayofweek(classified.demand_on) = dayofweek(unpriced.demand_on) as is_same_weekday
    from unpriced
    inner join {{ classified }} on unpriced.item_id = classified.item_id and unpriced.recorded_at > classified.recorded_at
    where classified.known_price is not null
),

item_prices as (
    select
        line_id,
        {% if method == 'mean' -%}
        avg(known_price) filter (where is_recent) as typical_price,
        {%- elif method == 'median' -%}
        median(known_price) filter (where is_recent) as typical_price,
        {%- elif method == 'seasonal_median' -%}
        coalesce(
            median(known_price) filter (where is_recent and is_same_weekday),
            median(known_price) filter (where is_recent)
        ) as typical_price,
        {%- else -%}
        cast(null as double) as typical_price,
        {%- endif %}
        max_by(known_price, row(recorded_at, priced_line_id)) as last_price
    from earlier_prices
    group by line_id
),

-- an item without a price yet gets that of the shop: the middle of the days' middles
days as (
    select
        {{ warehouse_forecaster.business_date('recorded_at') }} as recorded_on,
        median(known_price) as known_price
    from {{ classified }}
    where known_price is not null
    group by {{ warehouse_forecaster.business_date('recorded_at') }}
),

shop_prices as (
    select
        unpriced.recorded_on,
        median(days.known_price) as shop_price
    from (select distinct recorded_on from unpriced) as unpriced
    inner join days
        on
            unpriced.recorded_on > days.recorded_on
            and days.recorded_on >= unpriced.recorded_on - {{ look_back }}
    group by unpriced.recorded_on
),

made_up as (
    select
        unpriced.line_id,
        coalesce(item_prices.typical_price, item_prices.last_price, shop_prices.shop_price) as made_up_price
    from unpriced
    left join item_prices on unpriced.line_id = item_prices.line_id
    left join shop_prices on unpriced.recorded_on = shop_prices.recorded_on
),

{% else %}

made_up as (
    select
        line_id,
        cast({{ method if has_price else 'null' }} as double) as made_up_price
    from {{ lines }}
        and known_price is null and quantity <> 0
),

{% endif %}

final as (
    select
        -- ids
        classified.line_id,
        classified.item_id,
        classified.location_id,
        classified.customer_id,
        -- when
        classified.demand_on,
        classified.ordered_at,
        classified.recorded_at,
        classified.withdrawn_at,
        classified.withdrawn_by,
        -- how much
        classified.quantity,
        coalesce(classified.known_price, made_up.made_up_price) as unit_price,
        classified.known_discount as discount,
        classified.quantity * coalesce(classified.known_price, made_up.made_up_price) * (1 - coalesce(classified.known_discount, 0)) as revenue,
        classified.known_price is null and made_up.made_up_price is not null as is_price_imputed,
        {{ warehouse_forecaster.this_moment() }} as built_at
    from {{ classified }}
    left join made_up on classified.line_id = made_up.line_id
    {%- if is_incremental() %}
    where classified.batch_on in (select batch_on from batches)
    {%- endif %}
)

select * from final
