{#- The first day of the period that holds a date; weeks begin on the business's week_start. -#}
{% macro period_start(expression, frequency) %}
    {%- set days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] -%}
    {%- if frequency == 'day' -%}
        cast({{ expression }} as date)
    {%- elif frequency == 'week' -%}
        {%- set week_start = warehouse_forecaster.business('week_start') | lower -%}
        {%- if week_start not in days -%}
            {{ exceptions.raise_compiler_error("var business: week_start '" ~ week_start ~ "' is not a day of the week") }}
        {%- endif -%}
        {%- set offset = days.index(week_start) -%}
        cast(date_trunc('week', cast({{ expression }} as date) - {{ offset }}) as date) + {{ offset }}
    {%- else -%}
        cast(date_trunc('month', cast({{ expression }} as date)) as date)
    {%- endif -%}
{% endmacro %}
