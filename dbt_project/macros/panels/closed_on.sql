{#- The last day (exclusive end) by which everything had closed at an instant in UTC: a period is closed where its end is at or
    before it, and what is recorded at the instant is known from the period that holds this day on. -#}
{% macro closed_on(expression) -%}
    {%- set delay = warehouse_forecaster.closing_delay() -%}
    {{ warehouse_forecaster.business_date(expression ~ (' - interval ' ~ delay ~ ' second' if delay else '')) }}
{%- endmacro %}
