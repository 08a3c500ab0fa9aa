{#- Positive where the forecast is too high. -#}
{% macro signed_error(y, yhat) -%}
    ({{ yhat }} - {{ y }})
{%- endmacro %}
