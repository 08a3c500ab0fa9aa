{% macro squared_error(y, yhat) -%}
    power({{ y }} - {{ yhat }}, 2)
{%- endmacro %}
