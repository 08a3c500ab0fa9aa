{#- Mean Winkler score: narrow intervals that hold the actual score low. -#}
{% macro winkler(y, lower, upper, confidence_level) -%}
    {{ warehouse_forecaster.mean_of(warehouse_forecaster.winkler_score(y, lower, upper, confidence_level)) }}
{%- endmacro %}
