{#- The id of a series or node: its values joined by '/', with '\' and '/' inside a value escaped. -#}
{% macro join_id(columns) %}
    {%- for column in columns -%}
        replace(replace(cast({{ column }} as varchar), '\', '\\'), '/', '\/')
        {%- if not loop.last %} || '/' || {% endif -%}
    {%- endfor -%}
{% endmacro %}
