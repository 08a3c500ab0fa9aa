{#- Of one level: the series' RMSSE, weighted by their share of revenue (M5); the mean over levels is the panel's. -#}
{% macro weighted_rmsse(rmsse, weight) -%}
    {{ warehouse_forecaster.weighted_mean(rmsse, weight) }}
{%- endmacro %}
