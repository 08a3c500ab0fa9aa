{#- A day of the business. A time with an offset is the day it falls on there; one without is that day as written. -#}
{% macro read_date(expression, type, text) -%}
    {%- if type == 'timestamp with time zone' -%}
        cast(timezone('{{ warehouse_forecaster.business('time_zone') }}', {{ expression }}) as date)
    {%- elif type == 'date' or (type.startswith('timestamp') and not type.endswith(']')) -%}
        cast({{ expression }} as date)
    {%- else -%}
        case
            when not {{ warehouse_forecaster.is_iso_date(text) }} then null
            when {{ warehouse_forecaster.has_offset(text) }}
                then cast(timezone('{{ warehouse_forecaster.business('time_zone') }}', {{ warehouse_forecaster.read_offset_time(text) }}) as date)
            else cast(try_cast({{ text }} as timestamp) as date)
        end
    {%- endif -%}
{%- endmacro %}
