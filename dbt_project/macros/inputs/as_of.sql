{#- The moment at which we stand, in UTC, as a scalar: rows recorded at or after it do not exist yet. -#}
{% macro as_of() -%}
    (select as_of from {{ ref('warehouse_forecaster', 'int_as_of') }})
{%- endmacro %}
