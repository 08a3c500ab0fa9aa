-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as timestamp) as promoted_at,
    cast(null as varchar) as panel_name,
    cast(null as varchar) as segment,
    cast(null as varchar) as run_id,
    cast(null as varchar) as reason
where false
