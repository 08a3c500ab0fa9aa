{% macro absolute_error(y, yhat) -%}
    abs({{ y }} - {{ yhat }})
{%- endmacro %}
