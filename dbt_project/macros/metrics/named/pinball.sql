{#- Mean quantile loss. -#}
{% macro pinball(y, value, quantile) -%}
    {{ warehouse_forecaster.mean_of(warehouse_forecaster.pinball_loss(y, value, quantile)) }}
{%- endmacro %}
