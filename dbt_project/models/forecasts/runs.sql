-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as varchar) as run_id,
    cast(null as varchar) as kind,
    cast(null as varchar) as panel_name,
    cast(null as varchar) as model_name,
    cast(null as varchar) as model_run_id,
    cast(null as varchar) as settings,
    cast(null as varchar) as features_fingerprint,
    cast(null as varchar) as settings_fingerprint,
    cast(null as varchar) as code_fingerprint,
    cast(null as varchar) as artifact_path,
    cast(null as varchar) as artifact_sha256,
    cast(null as bigint) as n_rows,
    cast(null as double) as seconds,
    cast(null as double) as peak_memory_mb,
    cast(null as varchar) as host,
    cast(null as bigint) as pid,
    cast(null as timestamp) as process_started_at,
    cast(null as varchar) as status,
    cast(null as varchar) as error,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as finished_at
where false
