{#- Each series has as many rows as on the spine, over the same periods: nothing lost by a join, nothing doubled. Of a table built onwards
    from some period the series are compared since then, or since where the spine was last written, and all rows are counted: a build that
    failed this test leaves rows that the next one does not write. -#}
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
),

whole as (
    select
        coalesce(spine.panel_name, built.panel_name) as panel_name,
        cast(null as varchar) as unique_id,
        spine.n_rows as expected_rows,
        built.n_rows
    from (select panel_name, count(*) as n_rows from {{ spine }} group by panel_name) as spine
    full join (select panel_name, count(*) as n_rows from {{ model }} group by panel_name) as built
        on spine.panel_name = built.panel_name
    where spine.n_rows is distinct from built.n_rows
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
union all
select * from whole
{% endtest %}
