-- Rows and values of the master data that no series uses, counted by reason, in the shape of int_rejections.
{%- set rules = [
    ('items', 'item_id', 'stg_items', 'impossible list_price', 'list_price <= 0', 'list_price'),
    ('items', 'item_id', 'stg_items', 'impossible unit_cost', 'unit_cost < 0', 'unit_cost'),
    ('items', 'item_id', 'stg_items', 'impossible volume', 'volume <= 0', 'volume'),
    ('items', 'item_id', 'stg_items', 'impossible weight', 'weight <= 0', 'weight'),
    ('items', 'item_id', 'stg_items', 'impossible pack_size', 'pack_size <= 0', 'pack_size'),
    ('suppliers', 'supplier_id', 'stg_suppliers', 'impossible lead_time_mean', 'lead_time_mean < 0', 'lead_time_mean'),
    ('prices', 'item_id', 'stg_prices', 'impossible price', 'price <= 0 and ' ~ warehouse_forecaster.rejection_reason('prices') ~ ' is null', 'price'),
] %}
{%- set keys = {'items': 'item_id', 'customers': 'customer_id', 'locations': 'location_id', 'suppliers': 'supplier_id'} %}

with
{%- for input, key, model, reason, condition, column in rules %}
rule_{{ loop.index }} as (
    select
        '{{ input }}' as input_name,
        '{{ reason }}' as reason,
        '{{ key }} ' || coalesce({{ key }}, 'null') || ': {{ column }} ' || cast({{ column }} as varchar) as example
    from {{ ref('warehouse_forecaster', model) }}
    where {{ condition }}
),
{% endfor %}
ages as (
    select
        'customers' as input_name,
        'impossible age' as reason,
        'customer_id ' || customers.customer_id || ': '
        || coalesce('birth_year ' || cast(customers.birth_year as varchar), 'age ' || cast(customers.age as varchar)) as example
    from {{ ref('warehouse_forecaster', 'stg_customers') }} as customers
    inner join {{ ref('warehouse_forecaster', 'int_customer_attributes') }} as attributes
        on customers.customer_id = attributes.customer_id
    where
        (customers.birth_year is not null or customers.age is not null)
        and {{ warehouse_forecaster.age_at('attributes.joined_on', 'customers.birth_year', 'customers.age') }} is null
        and attributes.joined_on is not null
),
{% for input, key in keys.items() %}
{{ input }}_repeated as (
    select
        '{{ input }}' as input_name,
        'duplicate {{ key }}' as reason,
        '{{ key }} ' || {{ key }} as example
    from {{ ref('warehouse_forecaster', 'stg_' ~ input) }}
    where {{ key }} is not null
    qualify row_number() over (partition by {{ key }} order by {{ key }}) > 1
),
{% endfor %}
found as (
    {%- for rule in rules %}
    select * from rule_{{ loop.index }}
    union all
    {%- endfor %}
    {%- for input in keys %}
    select * from {{ input }}_repeated
    union all
    {%- endfor %}
    select * from ages
),

final as (
    select
        input_name,
        reason,
        cast(count(*) as bigint) as n_rows,
        cast(null as double) as quantity,
        min(example) as first_example
    from found
    group by input_name, reason
)

select * from final
