{#- One integer for these values: equal values give equal ones, and different ones so rarely give the same that it serves to find the few
    rows worth comparing in full, at a fraction of the memory that the values would take. -#}
{% macro hashed(columns) -%}
    {{ return(adapter.dispatch('hashed', 'warehouse_forecaster')(columns)) }}
{%- endmacro %}

{% macro default__hashed(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__hashed(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}
