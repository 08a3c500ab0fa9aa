{#- Nulls are left out of numerator and denominator alike. -#}
{% macro mean_of(expression) -%}
    avg({{ expression }})
{%- endmacro %}
