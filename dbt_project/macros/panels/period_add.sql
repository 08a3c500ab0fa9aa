{#- A period's first day, n periods on (n may be an SQL expression). -#}
{% macro period_add(expression, n, frequency) %}
    {%- if frequency == 'month' -%}
        cast(cast({{ expression }} as date) + to_months(cast({{ n }} as integer)) as date)
    {%- else -%}
        cast({{ expression }} as date) + cast(({{ n }}) * {{ 7 if frequency == 'week' else 1 }} as integer)
    {%- endif -%}
{% endmacro %}
