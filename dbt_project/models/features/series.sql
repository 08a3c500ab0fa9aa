-- One row per series: what was known of its item, place and customer when it began. What follows from history is dated and stands in panel.
{%- set has_nodes = warehouse_forecaster.get_panels() | selectattr('nodes_of') | list | length > 0 %}
{%- set attributes = {
    'category': 'items.category', 'subcategory': 'items.subcategory', 'brand': 'items.brand', 'supplier_id': 'items.supplier_id',
    'warehouse_id': 'locations.warehouse_id', 'region': 'locations.region', 'customer_gender': 'customers.gender',
    'customer_region': 'customers.region',
} %}
{%- set item_numbers = ['list_price', 'unit_cost', 'volume', 'weight', 'pack_size', 'lead_time'] %}

with locations as (
    select location_id, max(warehouse_id) as warehouse_id, max(region) as region
    from {{ ref('warehouse_forecaster', 'stg_locations') }}
    where location_id is not null
    group by location_id
),

joined as (
    select
        series.panel_name,
        series.unique_id,
        series.item_id,
        series.location_id,
        series.customer_id,
        series.first_ds,
        case series.panel_name
            {%- for panel in warehouse_forecaster.get_panels() %}
            when '{{ panel.name }}'
                then {{ warehouse_forecaster.place_group(panel, 'series.location_id', 'customers.region', 'series.unique_id') }}
            {%- endfor %}
        end as place_group,
        {%- if has_nodes %}
        coalesce(nodes.level, 'bottom') as level,
        coalesce(nodes.node_id, series.unique_id) as node_id,
        {%- for column, theirs in attributes.items() %}
        coalesce(nodes.{{ column }}, {{ theirs }}, case when nodes.level is null then 'unknown' else 'all' end) as {{ column }},
        {%- endfor %}
        {%- else %}
        'bottom' as level,
        series.unique_id as node_id,
        {%- for column, theirs in attributes.items() %}
        coalesce({{ theirs }}, 'unknown') as {{ column }},
        {%- endfor %}
        {%- endif %}
        coalesce(items.description, '') as description,
        {%- for column in item_numbers %}
        coalesce(items.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        coalesce(customers.customer_age, 0) as customer_age,
        coalesce(items.launched_on, customers.joined_on, series.first_ds) as launched_on,
        {%- for column in item_numbers %}
        coalesce(items.is_{{ column }}_imputed, false) as is_{{ column }}_imputed,
        {%- endfor %}
        coalesce(customers.is_customer_age_imputed, false) as is_customer_age_imputed,
        coalesce(items.is_launched_on_imputed, customers.is_joined_on_imputed, true) as is_launched_on_imputed
    from {{ ref('warehouse_forecaster', 'int_series') }} as series
    left join {{ ref('warehouse_forecaster', 'int_item_attributes') }} as items on series.item_id = items.item_id
    {%- if has_nodes %}
    left join {{ ref('warehouse_forecaster', 'int_nodes') }} as nodes
        on series.panel_name = nodes.panel_name and series.unique_id = nodes.unique_id
    left join locations on coalesce(series.location_id, nodes.location_id) = locations.location_id
    {%- else %}
    left join locations on series.location_id = locations.location_id
    {%- endif %}
    left join {{ ref('warehouse_forecaster', 'int_customer_attributes') }} as customers
        on series.customer_id = customers.customer_id
),

final as (
    select
        panel_name,
        unique_id,
        item_id,
        location_id,
        customer_id,
        first_ds,
        place_group,
        level,
        node_id,
        category,
        subcategory,
        brand,
        supplier_id,
        warehouse_id,
        region,
        customer_gender,
        customer_region,
        description,
        {%- for column in item_numbers %}
        cast({{ column }} as double) as {{ column }},
        {%- endfor %}
        cast(customer_age as double) as customer_age,
        launched_on,
        {%- for column in item_numbers + ['customer_age', 'launched_on'] %}
        is_{{ column }}_imputed{{ ',' if not loop.last }}
        {%- endfor %}
    from joined
)

select * from final
