-- An input that is mapped and empty is most likely a table that was not loaded.
{{ config(severity='warn') }}
{% set input_names = warehouse_forecaster.get_inputs().keys() | list %}

with counted as (
    {%- for input_name in input_names %}
    select
        '{{ input_name }}' as input_name,
        count(*) as n_rows
    from {{ ref('warehouse_forecaster', 'stg_' ~ input_name) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select input_name
from counted
where n_rows = 0
