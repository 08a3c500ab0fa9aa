{#- The most by which the transform departs from uniform at any level of the grid. -#}
{% macro pit_deviation(pit, quantile) -%}
    max(abs({{ pit }} - {{ quantile }}))
{%- endmacro %}
