{#- Stops what reads int_rejections, with a message, where an input other than demand is mostly of no use, or a column of it is. -#}
{% set input_names = warehouse_forecaster.get_inputs().keys() | reject('in', ['sales', 'demand']) | list %}

with counted as (
    {%- for input_name in input_names %}
    select
        '{{ input_name }}' as input_name,
        count(*) as n_rows
    from {{ ref('warehouse_forecaster', 'stg_' ~ input_name) }}
    union all
    {%- endfor %}
    select
        cast(null as varchar) as input_name,
        0 as n_rows
),

rejected as (
    select
        input_name,
        sum(n_rows) as n_rejected,
        max_by(reason, row(n_rows, reason)) as main_reason,
        max_by(first_example, row(n_rows, reason)) as example
    from {{ ref('warehouse_forecaster', 'int_rejections') }}
    where treatment = 'rejected' and reason <> 'recorded at or after as_of'
    group by input_name
),

judged as (
    select
        'input ' || counted.input_name || ': ' || cast(rejected.n_rejected as varchar) || ' of ' || cast(counted.n_rows as varchar)
        || ' rows are rejected, most for: ' || rejected.main_reason || ' (for example: ' || rejected.example
        || '); correct the mapping in var inputs.' || counted.input_name || ', or take the input out' as message
    from counted
    inner join rejected on counted.input_name = rejected.input_name
    where rejected.n_rejected > 0.5 * counted.n_rows
),

found as (
    select message from judged
    {%- for input_name in input_names %}
    union all
    select message from ({{ warehouse_forecaster.unreadable_columns(input_name) }}) as {{ input_name }}_columns
    {%- endfor %}
)

select message
from found
where {{ warehouse_forecaster.raise_error('message') }} is not null
