-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as varchar) as run_id,
    cast(null as varchar) as panel_name,
    cast(null as varchar) as model_name,
    cast(null as date) as cutoff,
    cast(null as varchar) as level,
    cast(null as varchar) as nodes_model,
    cast(null as integer) as n_nodes,
    cast(null as double) as error_of_nodes,
    cast(null as double) as error_of_sums,
    cast(null as boolean) as is_used
where false
