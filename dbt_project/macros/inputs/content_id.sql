{#- One short value for the whole content of these columns: equal when every one is equal, null or not. -#}
{% macro content_id(columns) -%}
    md5(concat_ws('|', {% for column in columns %}coalesce(replace(cast({{ column }} as varchar), '|', '||'), '|-'){{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}
