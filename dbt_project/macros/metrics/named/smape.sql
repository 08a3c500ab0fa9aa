{#- Symmetric mean absolute percentage error, from 0 to 2. -#}
{% macro smape(y, yhat) -%}
    {{ warehouse_forecaster.mean_of(warehouse_forecaster.symmetric_percentage_error(y, yhat)) }}
{%- endmacro %}
