{#- A value as its scale sees it: log1p is taken of the size and keeps the sign. -#}
{% macro scaled_value(column, method) -%}
    {%- if method == 'log1p' -%}
        sign(cast({{ column }} as double)) * ln(1 + abs(cast({{ column }} as double)))
    {%- else -%}
        cast({{ column }} as double)
    {%- endif -%}
{%- endmacro %}
