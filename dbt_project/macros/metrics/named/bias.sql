{#- Mean of forecast less actual: positive where forecasts are too high. -#}
{% macro bias(y, yhat) -%}
    {{ warehouse_forecaster.mean_of(warehouse_forecaster.signed_error(y, yhat)) }}
{%- endmacro %}
