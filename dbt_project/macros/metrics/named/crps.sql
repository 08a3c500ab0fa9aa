{#- Continuous ranked probability score, as twice the mean quantile loss over the grid of quantiles that was stored. -#}
{% macro crps(y, value, quantile) -%}
    2 * {{ warehouse_forecaster.pinball(y, value, quantile) }}
{%- endmacro %}
