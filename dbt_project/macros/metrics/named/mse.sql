{#- Mean squared error. -#}
{% macro mse(y, yhat) -%}
    {{ warehouse_forecaster.mean_of(warehouse_forecaster.squared_error(y, yhat)) }}
{%- endmacro %}
