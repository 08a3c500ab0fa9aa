{#- Each series has as many rows as on the spine, over the same periods: nothing lost by a join, nothing doubled. Of a table built onwards
    from some period only the rows since then, or since where the spine was last written: the others were tested when they were. -#}
{% test covers_spine(model) %}
{%- set spine = ref('warehouse_forecaster', 'int_spine') %}
{%- set written %}
        {{ warehouse_forecaster.written_last(model, 'ds') }}
        or {{ warehouse_forecaster.written_last(spine, 'ds') }}
{%- endset %}
with found as (
    select panel_name, unique_id, count(*) as n_rows, min(ds) as first_ds, max(ds) as last_ds
    from {{ model }}
    where {{ written }}
    group by panel_name, unique_id
),

expected as (
    select panel_name, unique_id, count(*) as n_rows, min(ds) as first_ds, max(ds) as last_ds
    from {{ spine }}
    where {{ written }}
    group by panel_name, unique_id
)

select
    coalesce(expected.panel_name, found.panel_name) as panel_name,
    coalesce(expected.unique_id, found.unique_id) as unique_id,
    expected.n_rows as expected_rows,
    found.n_rows
from expected
full join found on expected.panel_name = found.panel_name and expected.unique_id = found.unique_id
where
    expected.n_rows is distinct from found.n_rows
    or expected.first_ds is distinct from found.first_ds
    or expected.last_ds is distinct from found.last_ds
{% endtest %}
