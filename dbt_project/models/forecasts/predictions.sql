-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as varchar) as run_id,
    cast(null as varchar) as panel_name,
    cast(null as varchar) as model_name,
    cast(null as varchar) as level,
    cast(null as varchar) as unique_id,
    cast(null as date) as cutoff,
    cast(null as date) as ds,
    cast(null as integer) as horizon_step,
    cast(null as double) as yhat,
    cast(null as double) as yhat_lower,
    cast(null as double) as yhat_upper,
    cast(null as double) as confidence_level,
    cast(null as varchar) as forecast_status
where false
