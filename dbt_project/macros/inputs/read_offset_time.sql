{#- A text with an offset as an instant; the engine wants a capital Z and no blank before the offset. -#}
{% macro read_offset_time(text) -%}
    try_cast(replace(replace(upper({{ text }}), ' +', '+'), ' -', '-') as timestamp with time zone)
{%- endmacro %}
