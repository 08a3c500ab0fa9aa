{#- The median of the last rows that are known; `known` null: of all rows up to the row's moment, its peers included. -#}
{% macro trailing_median(value, by, order, known) %}
    {{ return(adapter.dispatch('trailing_median', 'warehouse_forecaster')(value, by, order, known)) }}
{% endmacro %}

{% macro default__trailing_median(value, by, order, known) -%}
    median({{ value }}) over (
        {{ by }}order by {{ order }}{% if known %} rows between {{ known - 1 }} preceding and current row{% endif %}
    )
{%- endmacro %}

{% macro spark__trailing_median(value, by, order, known) -%}
    percentile({{ value }}, 0.5) over (
        {{ by }}order by {{ order }}{% if known %} rows between {{ known - 1 }} preceding and current row{% endif %}
    )
{%- endmacro %}
