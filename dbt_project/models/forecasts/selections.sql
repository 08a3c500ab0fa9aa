-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as timestamp) as selected_at,
    cast(null as varchar) as panel_name,
    cast(null as date) as cutoff,
    cast(null as varchar) as segment_type,
    cast(null as varchar) as segment,
    cast(null as varchar) as model_name,
    cast(null as varchar) as settings_fingerprint,
    cast(null as varchar) as opponent_name,
    cast(null as varchar) as opponent_fingerprint,
    cast(null as double) as mean_difference,
    cast(null as double) as lower,
    cast(null as double) as upper,
    cast(null as bigint) as n_series,
    cast(null as bigint) as n_cutoffs,
    cast(null as boolean) as is_published,
    cast(null as varchar) as reason
where false
