-- One row per item: what was known of it at its launch. A missing or impossible number is filled from items launched no later.
{%- set numbers = {
    'list_price': 'list_price > 0', 'unit_cost': 'unit_cost >= 0', 'volume': 'volume > 0', 'weight': 'weight > 0',
    'pack_size': 'pack_size > 0', 'lead_time': 'lead_time >= 0',
} %}

with items as (
    select *
    from {{ ref('warehouse_forecaster', 'stg_items') }}
    where item_id is not null
    qualify row_number() over (
        partition by item_id
        order by launched_on nulls last, list_price nulls last, category nulls last, description nulls last, brand nulls last
    ) = 1
),

suppliers as (
    select supplier_id, min(lead_time_mean) as lead_time
    from {{ ref('warehouse_forecaster', 'stg_suppliers') }}
    where lead_time_mean >= 0
    group by supplier_id
),

series_items as (
    select item_id, min(first_ds) as first_ds
    from {{ ref('warehouse_forecaster', 'int_series') }}
    where item_id is not null
    group by item_id
),

joined as (
    select
        coalesce(items.item_id, series_items.item_id) as item_id,
        {{ warehouse_forecaster.tidy_text('items.description') }} as description,
        items.category,
        items.subcategory,
        lower(items.brand) as brand,
        items.supplier_id,
        items.list_price,
        items.unit_cost,
        items.volume,
        items.weight,
        items.pack_size,
        suppliers.lead_time,
        coalesce(items.launched_on, series_items.first_ds) as launched_on,
        items.discontinued_on,
        items.launched_on is null as is_launched_on_imputed,
        -- An item that was neither launched nor sold comes after all others: it may see them, they may not see it.
        coalesce(items.launched_on, series_items.first_ds, cast('9999-12-31' as date)) as known_from
    from items
    full join series_items on items.item_id = series_items.item_id
    left join suppliers on items.supplier_id = suppliers.supplier_id
),

possible as (
    select
        item_id, description, category, subcategory, brand, supplier_id, launched_on, discontinued_on, is_launched_on_imputed, known_from,
        {%- for column, condition in numbers.items() %}
        case when {{ condition }} then {{ column }} end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from joined
),

final as (
    select
        item_id, description, category, subcategory, brand, supplier_id, launched_on, discontinued_on, is_launched_on_imputed,
        {%- for column in numbers %}
        {{ warehouse_forecaster.impute_attribute(column, 'category', 'known_from', 'item_id') }} as {{ column }},
        {{ column }} is null as is_{{ column }}_imputed{{ ',' if not loop.last }}
        {%- endfor %}
    from possible
)

select * from final
