{#- When a period closes, in UTC: its exclusive end (a date) and `business.closing_delay_hours` more. What is recorded from
    then on is a revision. -#}
{% macro closes_at(period_end) -%}
    {%- set delay = warehouse_forecaster.closing_delay() -%}
    {{ warehouse_forecaster.local_to_utc(period_end) }}{{ ' + interval ' ~ delay ~ ' second' if delay }}
{%- endmacro %}
