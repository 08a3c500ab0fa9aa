{#- What became of the rows that are not plain, of every input: rejected, changed, or kept though odd. -#}
{% set demand_input = 'sales' if warehouse_forecaster.has_input('sales') else 'demand' %}
{% set other_inputs = warehouse_forecaster.get_inputs().keys() | reject('in', ['sales', 'demand']) | list %}
{% set contract = warehouse_forecaster.input_contract() %}
{% set rules = [
    ('changed', 'return that undid its order on the day', "line_role = 'undo'"),
    ('changed', 'cancelled', "line_role <> 'undo' and withdrawn_by = 'cancellation'"),
    ('changed', 'restated by a later version', "withdrawn_by = 'restatement'"),
    ('changed', 'unreadable value taken as missing', 'cast_error is not null'),
    ('changed', 'impossible discount taken as none', 'discount < 0 or discount > 1'),
    ('changed', 'absurd price taken as missing', 'unit_price > ' ~ warehouse_forecaster.business('max_unit_price')),
] %}
{#- without a time of load a row is recorded when it was ordered #}
{% if warehouse_forecaster.has_column(demand_input, 'loaded_at') %}
{% do rules.append(
    ('kept', 'recorded after its day closed', 'recorded_at >= ' ~ warehouse_forecaster.closes_at('demand_on + 1'))
) %}
{% endif %}
{% if warehouse_forecaster.has_input('items') %}
{% do rules.append(('kept', 'unknown item', 'not is_known_item')) %}
{% endif %}
{% if 'customer_id' in warehouse_forecaster.get_panels() | map(attribute='grain') | sum(start=[]) %}
{% do rules.append(('kept', 'no customer', 'customer_id is null')) %}
{% endif %}
{% set price_rules = [
    ('changed', 'price imputed', 'is_price_imputed'),
    ('kept', 'no price', "line_role = 'order' and unit_price is null"),
] %}
{% set example -%}
concat_ws(
            ', ',
            'order ' || classified.order_id,
            'line ' || cast(classified.line_number as varchar),
            'item ' || classified.item_id,
            'ordered ' || cast(classified.ordered_at as varchar),
            'quantity ' || cast(classified.quantity as varchar),
            classified.cast_error
        )
{%- endset %}

-- hardly any line: to look up the others' prices would be a join of all
with priced_otherwise as (
    select
        line_id,
        unit_price,
        is_price_imputed
    from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
    where quantity <> 0 and (is_price_imputed or unit_price is null)
),

odd_prices as (
    select
        classified.line_role,
        classified.quantity,
        priced.unit_price,
        priced.is_price_imputed,
        {{ example }} as example
    from {{ ref('warehouse_forecaster', 'int_sales_classified') }} as classified
    inner join priced_otherwise as priced on classified.line_id = priced.line_id
    where classified.rejection_reason is null
),

classified as (
    select
        classified.*,
        {%- if warehouse_forecaster.has_input('items') %}
        classified.item_id in (
            select item_id from {{ ref('warehouse_forecaster', 'stg_items') }} where item_id is not null
        ) as is_known_item,
        {%- endif %}
        classified.rejection_reason is not null as is_rejected
    from {{ ref('warehouse_forecaster', 'int_sales_classified') }} as classified
),

-- one pass over all lines finds the few that any rule speaks of: each rule reads those alone
odd as (
    select
        *,
        {{ example | replace('classified.', '') }} as example
    from classified
    where
        is_rejected
        {%- for _, _, condition in rules %}
        or {{ condition }}
        {%- endfor %}

),

demand_found as (
    select
        '{{ demand_input }}' as input_name,
        'rejected' as treatment,
        rejection_reason as reason,
        quantity,
        example
    from odd
    where is_rejected
    {%- for treatment, reason, condition in rules %}
    union all
    select
        '{{ demand_input }}' as input_name,
        '{{ treatment }}' as treatment,
        '{{ reason }}' as reason,
        quantity,
        example
    from odd
    where not is_rejected and ({{ condition }})
    {%- endfor %}
    {%- for treatment, reason, condition in price_rules %}
    union all
    select
        '{{ demand_input }}' as input_name,
        '{{ treatment }}' as treatment,
        '{{ reason }}' as reason,
        quantity,
        example
    from odd_prices
    where {{ condition }}
    {%- endfor %}

),
{% for input_name in other_inputs %}
{%- set required = contract[input_name].required.keys() | list %}
{%- set optional = contract[input_name].optional.keys() | list %}
{%- set quantity = 'quantity' if 'quantity' in required + optional else 'cast(null as double)' %}
{{ input_name }} as (
    select
        {{ quantity }} as quantity,
        cast_error,
        {{ warehouse_forecaster.rejection_reason(input_name) }} as reason,
        concat_ws(
            ', ',
            {%- for column in required %}
            '{{ column }} ' || cast({{ column }} as varchar),
            {%- endfor %}
            cast_error
        ) as example,
        {{ 'event_id' if input_name == 'events' else 'cast(null as varchar)' }} as event_id,
        {{ 'item_id' if input_name == 'events' else 'cast(null as varchar)' }} as item_id
    from {{ ref('warehouse_forecaster', 'stg_' ~ input_name) }}
),

{{ input_name }}_found as (
    select
        '{{ input_name }}' as input_name,
        'rejected' as treatment,
        reason,
        quantity,
        example
    from {{ input_name }}
    where reason is not null
    union all
    select
        '{{ input_name }}' as input_name,
        'changed' as treatment,
        'unreadable value taken as missing' as reason,
        quantity,
        example
    from {{ input_name }}
    where reason is null and cast_error is not null
    {%- if input_name == 'events' %}
    union all
    (
        select
            'events' as input_name,
            'rejected' as treatment,
            'duplicate event_id' as reason,
            quantity,
            example
        from events
        where reason is null and event_id is not null
        qualify row_number() over (partition by event_id order by example) > 1
    )
    {%- endif %}
    {%- if input_name == 'events' and 'items' in other_inputs %}
    union all
    select
        'events' as input_name,
        'kept' as treatment,
        'unknown item' as reason,
        quantity,
        example
    from events
    where
        reason is null
        and item_id not in (select item_id from {{ ref('warehouse_forecaster', 'stg_items') }} where item_id is not null)
    {%- endif %}

),
{% endfor %}
found as (
    select * from demand_found
    {%- for input_name in other_inputs %}
    union all
    select * from {{ input_name }}_found
    {%- endfor %}

),

final as (
    select
        input_name,
        reason,
        treatment,
        count(*) as n_rows,
        cast(sum(quantity) as double) as quantity,
        min(example) as first_example
    from found
    group by input_name, reason, treatment
)

select * from final
