{#- 0 … n − 1 as rows of the select list; nothing where n is 0 or less. -#}
{% macro explode_numbers(n) -%}
    {{ return(adapter.dispatch('explode_numbers', 'warehouse_forecaster')(n)) }}
{%- endmacro %}

{% macro default__explode_numbers(n) -%}
    unnest(range(0, {{ n }}))
{%- endmacro %}

{% macro spark__explode_numbers(n) -%}
    explode(if({{ n }} > 0, sequence(0, {{ n }} - 1), array()))
{%- endmacro %}
