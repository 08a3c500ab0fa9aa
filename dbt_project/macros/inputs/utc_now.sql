{% macro utc_now() -%}
    timezone('UTC', cast({{ dbt.current_timestamp() }} as timestamp with time zone))
{%- endmacro %}
