{#- A time on the business's clock, in UTC. -#}
{% macro local_to_utc(expression) -%}
    {%- set zone = warehouse_forecaster.business('time_zone') -%}
    {%- if zone == 'UTC' -%}
        cast({{ expression }} as timestamp)
    {%- else -%}
        timezone('UTC', timezone('{{ zone }}', cast({{ expression }} as timestamp)))
    {%- endif -%}
{%- endmacro %}
