{#- The business's day that holds an instant in UTC. -#}
{% macro business_date(expression) -%}
    {%- set zone = warehouse_forecaster.business('time_zone') -%}
    {%- if zone == 'UTC' -%}
        cast({{ expression }} as date)
    {%- else -%}
        cast(timezone('{{ zone }}', timezone('UTC', cast({{ expression }} as timestamp))) as date)
    {%- endif -%}
{%- endmacro %}
