{#- Of one series: RMSE over the root mean squared step of its history (M5). Null where it never moved. -#}
{% macro rmsse(y, yhat, squared_step) -%}
    sqrt({{ warehouse_forecaster.mse(y, yhat) }} / nullif(max({{ squared_step }}), 0))
{%- endmacro %}
