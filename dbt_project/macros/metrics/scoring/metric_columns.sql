{#-
    The metrics of a slice: name, which layer computes it, expression, and the column that counts the pairs behind it.
    `pair` metrics pool all pairs of the slice; `node` metrics are taken for each series or node first (`per_node`) and then over
    those (`expression`). Adding a metric is one macro and one line here.
-#}
{% macro metric_columns() %}
    {% set wf = warehouse_forecaster %}
    {{ return([
        {'name': 'mse', 'layer': 'pair', 'count': 'n_obs', 'expression': wf.mse('y', 'yhat')},
        {'name': 'rmse', 'layer': 'pair', 'count': 'n_obs', 'expression': wf.rmse('y', 'yhat')},
        {'name': 'mae', 'layer': 'pair', 'count': 'n_obs', 'expression': wf.mae('y', 'yhat')},
        {'name': 'bias', 'layer': 'pair', 'count': 'n_obs', 'expression': wf.bias('y', 'yhat')},
        {'name': 'relative_bias', 'layer': 'pair', 'count': 'n_obs', 'expression': wf.relative_bias('y', 'yhat')},
        {'name': 'mse_standardised', 'layer': 'pair', 'count': 'n_standardised', 'expression': wf.mse_standardised('y', 'yhat', 'target_scale')},
        {'name': 'wape', 'layer': 'pair', 'count': 'n_obs', 'expression': wf.wape('y', 'yhat')},
        {'name': 'smape', 'layer': 'pair', 'count': 'n_obs', 'expression': wf.smape('y', 'yhat')},
        {'name': 'coverage', 'layer': 'pair', 'count': 'n_interval', 'expression': wf.coverage('y', 'yhat_lower', 'yhat_upper')},
        {'name': 'interval_width', 'layer': 'pair', 'count': 'n_interval', 'expression': wf.interval_width('y', 'yhat_lower', 'yhat_upper')},
        {'name': 'winkler', 'layer': 'pair', 'count': 'n_interval', 'expression': wf.winkler('y', 'yhat_lower', 'yhat_upper', 'confidence_level')},
        {'name': 'crps', 'layer': 'pair', 'count': 'n_quantile', 'expression': wf.mean_of('crps')},
        {'name': 'wape_total', 'layer': 'node', 'count': 'n_obs', 'per_node': none, 'expression': wf.wape('total_y', 'total_yhat')},
        {'name': 'mase', 'layer': 'node', 'count': 'n_obs', 'per_node': wf.mase('y', 'yhat', 'absolute_season_step'), 'expression': wf.mean_of('mase')},
        {'name': 'rmsse', 'layer': 'node', 'count': 'n_obs', 'per_node': wf.rmsse('y', 'yhat', 'squared_step'), 'expression': wf.mean_of('rmsse')},
        {'name': 'weighted_rmsse', 'layer': 'node', 'count': 'n_obs', 'per_node': none, 'expression': wf.weighted_rmsse('rmsse', 'weight')},
        {'name': 'weighted_scaled_pinball', 'layer': 'node', 'count': 'n_quantile', 'per_node': wf.scaled_pinball('crps / 2', 'absolute_step'), 'expression': wf.weighted_scaled_pinball('weighted_scaled_pinball', 'weight')},
    ]) }}
{% endmacro %}
