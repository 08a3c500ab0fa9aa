{#- The n-th value (from 1) of an id that join_id made. -#}
{% macro id_part(expression, n) -%}
    {%- set hidden = "replace(replace(" ~ expression ~ ", '\\\\', chr(1)), '\\/', chr(2))" -%}
    replace(replace(split_part({{ hidden }}, '/', {{ n }}), chr(2), '/'), chr(1), '\')
{%- endmacro %}
