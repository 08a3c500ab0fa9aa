{#- The business's day at `as_of`, as a scalar: a period whose exclusive end is at or before it is complete. -#}
{% macro as_of_on() -%}
    (select as_of_on from {{ ref('warehouse_forecaster', 'int_as_of') }})
{%- endmacro %}
