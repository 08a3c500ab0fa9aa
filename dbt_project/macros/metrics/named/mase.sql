{#- Of one series: MAE over the mean absolute step of a season in its history (Hyndman and Koehler 2006). Null where it never moved. -#}
{% macro mase(y, yhat, absolute_season_step) -%}
    {{ warehouse_forecaster.mae(y, yhat) }} / nullif(max({{ absolute_season_step }}), 0)
{%- endmacro %}
