{#- How many days these are, each counted once, all between two dates. -#}
{% macro distinct_days(column, first, last) -%}
    {{ return(adapter.dispatch('distinct_days', 'warehouse_forecaster')(column, first, last)) }}
{%- endmacro %}

{#- Bounds of a string of bits are constants. -#}
{% macro default__distinct_days(column, first, last) -%}
    bit_count(bitstring_agg(cast({{ column }} - {{ first }} as integer), 0, cast({{ last }} - {{ first }} as integer)))
{%- endmacro %}

{% macro spark__distinct_days(column, first, last) -%}
    count(distinct {{ column }})
{%- endmacro %}
