-- Selects nothing: a table built by `replace_onwards` notes here of what each of its periods was made, and looks up what has changed since.
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

select
    cast(null as varchar) as relation_name,
    cast(null as varchar) as panel_name,
    cast(null as date) as ds,
    cast(null as decimal(38, 0)) as checksum,
    cast(null as varchar) as config_fingerprint,
    cast(null as timestamp) as built_at
where false
