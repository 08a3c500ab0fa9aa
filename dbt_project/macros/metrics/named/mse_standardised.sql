{#- MSE after `(y - centre) / scale`; the centre falls out of a difference. Null without a scale. -#}
{% macro mse_standardised(y, yhat, scale) -%}
    {{ warehouse_forecaster.mean_of(warehouse_forecaster.squared_error(y ~ ' / nullif(' ~ scale ~ ', 0)', yhat ~ ' / nullif(' ~ scale ~ ', 0)')) }}
{%- endmacro %}
