{#- Of one series: quantile loss (already the mean over the grid) over the mean absolute step of its history (M5 uncertainty). -#}
{% macro scaled_pinball(pinball_loss, absolute_step) -%}
    {{ warehouse_forecaster.mean_of(pinball_loss) }} / nullif(max({{ absolute_step }}), 0)
{%- endmacro %}
