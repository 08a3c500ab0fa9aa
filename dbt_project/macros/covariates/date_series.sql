{#- A query of every day from the first to the last, as `day_on`. -#}
{% macro date_series(first, last) %}
    {{ return(adapter.dispatch('date_series', 'warehouse_forecaster')(first, last)) }}
{% endmacro %}

{% macro default__date_series(first, last) -%}
    select cast(unnest(generate_series(cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval 1 day)) as date) as day_on
{%- endmacro %}

{% macro spark__date_series(first, last) -%}
    select explode(sequence(cast({{ first }} as date), cast({{ last }} as date))) as day_on
{%- endmacro %}
