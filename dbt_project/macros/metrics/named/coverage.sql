{#- Share of actuals inside their interval; compare with the confidence level. -#}
{% macro coverage(y, lower, upper) -%}
    {{ warehouse_forecaster.mean_of(warehouse_forecaster.is_covered(y, lower, upper)) }}
{%- endmacro %}
