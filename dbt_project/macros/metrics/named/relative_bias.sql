{#- Forecast less actual, as a share of all demand: 0.05 is 5 % too high in total. -#}
{% macro relative_bias(y, yhat) -%}
    {{ warehouse_forecaster.ratio_of_sums(warehouse_forecaster.signed_error(y, yhat), y) }}
{%- endmacro %}
