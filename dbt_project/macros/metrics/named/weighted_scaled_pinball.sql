{#- Of one level: the series' scaled pinball, weighted by their share of revenue; the mean over levels is the panel's. -#}
{% macro weighted_scaled_pinball(scaled_pinball, weight) -%}
    {{ warehouse_forecaster.weighted_mean(scaled_pinball, weight) }}
{%- endmacro %}
