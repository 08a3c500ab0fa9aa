{#- The rows that the last build of a table wrote, by the column by which it is built: those it left alone have been tested. -#}
{% macro written_last(relation, column) -%}
    {{ column }} >= coalesce(
        (
            select min(ds)
            from {{ ref('warehouse_forecaster', 'int_builds') }}
            where
                relation_name = '{{ relation.identifier }}'
                and built_at = (
                    select max(built_at)
                    from {{ ref('warehouse_forecaster', 'int_builds') }}
                    where relation_name = '{{ relation.identifier }}'
                )
        ),
        date '0001-01-01'
    )
{%- endmacro %}
