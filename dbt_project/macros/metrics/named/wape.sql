{#- Weighted absolute percentage error: absolute errors as a share of demand. On intermittent items all zeros score 1. -#}
{% macro wape(y, yhat) -%}
    {{ warehouse_forecaster.ratio_of_sums(warehouse_forecaster.absolute_error(y, yhat), 'abs(' ~ y ~ ')') }}
{%- endmacro %}
