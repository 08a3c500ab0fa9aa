{#- The business's clock at an instant in UTC. -#}
{% macro business_time(expression) -%}
    {%- set zone = warehouse_forecaster.business('time_zone') -%}
    {%- if zone == 'UTC' -%}
        cast({{ expression }} as timestamp)
    {%- else -%}
        timezone('{{ zone }}', timezone('UTC', cast({{ expression }} as timestamp)))
    {%- endif -%}
{%- endmacro %}
