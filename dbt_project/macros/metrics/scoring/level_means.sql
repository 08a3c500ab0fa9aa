{#- The CTE `level_means`, after those of `slice_scores`: the weighted metrics' means over the levels that have them (M5's WRMSSE). -#}
{% macro level_means() %}
level_means as (
    select
        run_id,
        panel_name,
        model_name,
        cutoff,
        horizon_step,
        stockouts,
        actuals,
        {{ warehouse_forecaster.mean_of('weighted_rmsse') }} as weighted_rmsse,
        {{ warehouse_forecaster.mean_of('weighted_scaled_pinball') }} as weighted_scaled_pinball,
        sum(n_obs) as n_weighted_rmsse,
        sum(n_quantile) as n_weighted_scaled_pinball
    from slice_scores
    where unique_id is null and segment_type is null
    group by run_id, panel_name, model_name, cutoff, horizon_step, stockouts, actuals
)
{%- endmacro %}
