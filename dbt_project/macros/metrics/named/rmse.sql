{#- Root mean squared error. -#}
{% macro rmse(y, yhat) -%}
    sqrt({{ warehouse_forecaster.mse(y, yhat) }})
{%- endmacro %}
