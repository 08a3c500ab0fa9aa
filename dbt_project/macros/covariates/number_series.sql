{#- A query of the whole numbers from the first to the last, as `n`. -#}
{% macro number_series(first, last) %}
    {{ return(adapter.dispatch('number_series', 'warehouse_forecaster')(first, last)) }}
{% endmacro %}

{% macro default__number_series(first, last) -%}
    select cast(unnest(generate_series({{ first }}, {{ last }})) as integer) as n
{%- endmacro %}

{% macro spark__number_series(first, last) -%}
    select explode(sequence({{ first }}, {{ last }})) as n
{%- endmacro %}
