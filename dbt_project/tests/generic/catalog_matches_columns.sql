{#- Every column of the catalogue's relations has a row in it, and every row a column, in both directions. -#}
{% test catalog_matches_columns(model) %}
{%- set relations = {
    'panel_extended': ref('warehouse_forecaster', 'panel_extended'),
    'series': ref('warehouse_forecaster', 'series'),
} %}
with table_columns as (
    {%- for name, relation in relations.items() %}
    {%- set outer = loop %}
    {%- for column in (adapter.get_columns_in_relation(relation) if execute else []) %}
    select '{{ name }}' as relation_name, '{{ column.name | replace("'", "''") }}' as feature_name
    {{ 'union all' if not (loop.last and outer.last) }}
    {%- endfor %}
    {%- endfor %}
    {%- if not execute %}
    select '' as relation_name, '' as feature_name
    {%- endif %}
),

catalogued as (
    select distinct relation_name, feature_name from {{ model }}
)

select
    coalesce(table_columns.relation_name, catalogued.relation_name) as relation_name,
    coalesce(table_columns.feature_name, catalogued.feature_name) as feature_name,
    case when catalogued.feature_name is null then 'no role in the yml' else 'no such column' end as problem
from table_columns
full outer join catalogued
    on
        table_columns.relation_name = catalogued.relation_name
        and table_columns.feature_name = catalogued.feature_name
where table_columns.feature_name is null or catalogued.feature_name is null
{% endtest %}
