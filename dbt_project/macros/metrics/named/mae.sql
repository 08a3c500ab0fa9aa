{#- Mean absolute error. -#}
{% macro mae(y, yhat) -%}
    {{ warehouse_forecaster.mean_of(warehouse_forecaster.absolute_error(y, yhat)) }}
{%- endmacro %}
