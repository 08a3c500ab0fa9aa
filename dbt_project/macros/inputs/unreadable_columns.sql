{#- One row with a message for each optional column of an input of which more than half of the values cannot be read: each such value
    counts as missing, so a wrong mapping (`is_cancelled: state`) would change the demand and say nothing. -#}
{% macro unreadable_columns(input_name) %}
    {% set kinds = {
        'number': 'a number', 'integer': 'a whole number', 'flag': 'true or false', 'date': 'a date such as 2024-01-31',
        'time': 'a time such as 2024-01-31 17:45:00',
    } %}
    {% set optional = warehouse_forecaster.input_contract()[input_name].optional %}
    {% set checked = [] %}
    {% for column, kind in optional.items() if kind in kinds and warehouse_forecaster.has_column(input_name, column) %}
        {% do checked.append(column) %}
    {% endfor %}
    {% set relation = ref('warehouse_forecaster', 'stg_' ~ input_name) %}
select cast(null as varchar) as message where false
    {%- if checked %}
union all
select
    'input {{ input_name }}: ' || cast(n_unreadable as varchar) || ' of ' || cast(n_unreadable + n_read as varchar) || ' values of '
    || column_name || ' cannot be read as ' || kind || ' (for example: ' || example
    || '); correct the mapping in var inputs.{{ input_name }} or the table, or leave the column out of columns' as message
from (
    select
        {%- for column in checked %}
        count({{ column }}) as n_read_{{ loop.index }},
        count(*) filter (where {{ warehouse_forecaster.unreadable(column) }}) as n_unreadable_{{ loop.index }},
        min(cast_error) filter (where {{ warehouse_forecaster.unreadable(column) }}) as example_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
) as counted
cross join lateral (
    values
    {%- for column in checked %}
    ('{{ column }}', '{{ kinds[optional[column]] }}', n_read_{{ loop.index }}, n_unreadable_{{ loop.index }}, example_{{ loop.index }}){{ ',' if not loop.last }}
    {%- endfor %}
) as columns (column_name, kind, n_read, n_unreadable, example)
where n_unreadable > n_read
    {%- endif %}
{% endmacro %}
