{#- Each series has as many rows as on the spine, over the same periods: nothing lost by a join, nothing doubled. -#}
{% test covers_spine(model) %}
with found as (
    select panel_name, unique_id, count(*) as n_rows, min(ds) as first_ds, max(ds) as last_ds
    from {{ model }}
    group by panel_name, unique_id
),

expected as (
    select panel_name, unique_id, count(*) as n_rows, min(ds) as first_ds, max(ds) as last_ds
    from {{ ref('warehouse_forecaster', 'int_spine') }}
    group by panel_name, unique_id
)

select
    expected.panel_name as expected_panel,
    expected.unique_id as expected_id,
    expected.n_rows as expected_rows,
    found.panel_name,
    found.unique_id,
    found.n_rows
from expected
full join found on expected.panel_name = found.panel_name and expected.unique_id = found.unique_id
where
    expected.n_rows is distinct from found.n_rows
    or expected.first_ds is distinct from found.first_ds
    or expected.last_ds is distinct from found.last_ds
{% endtest %}
