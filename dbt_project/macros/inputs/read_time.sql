{#- An instant in UTC. An offset in the value is honoured; a time without one is on the business's clock. Never on the session's. -#}
{% macro read_time(expression, type, text) -%}
    {%- if type == 'timestamp with time zone' -%}
        timezone('UTC', {{ expression }})
    {%- elif type == 'date' or (type.startswith('timestamp') and not type.endswith(']')) -%}
        {{ warehouse_forecaster.local_to_utc(expression) }}
    {%- else -%}
        case
            when not {{ warehouse_forecaster.is_iso_date(text) }} then null
            when {{ warehouse_forecaster.has_offset(text) }} then timezone('UTC', {{ warehouse_forecaster.read_offset_time(text) }})
            else {{ warehouse_forecaster.local_to_utc("try_cast(" ~ text ~ " as timestamp)") }}
        end
    {%- endif -%}
{%- endmacro %}
