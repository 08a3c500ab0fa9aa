{#- Whole periods from one period's first day to another's. -#}
{% macro periods_between(a, b, frequency) %}
    {%- if frequency == 'month' -%}
        cast(date_diff('month', cast({{ a }} as date), cast({{ b }} as date)) as integer)
    {%- else -%}
        cast((cast({{ b }} as date) - cast({{ a }} as date)) // {{ 7 if frequency == 'week' else 1 }} as integer)
    {%- endif -%}
{% endmacro %}
