-- The series of panels of nodes: the nodes of their parent's levels whose histories the input `aggregates` brings, and what each node's id
-- says of it.
{%- set panels = warehouse_forecaster.get_panels() | selectattr('nodes_of') | list %}
{%- set columns = warehouse_forecaster.node_columns() %}

with nodes as (
    select
        level,
        node_id
    from {{ ref('warehouse_forecaster', 'stg_aggregates') }}
    where
        {{ warehouse_forecaster.rejection_reason('aggregates') }} is null
        and ds < {{ warehouse_forecaster.as_of_on() }}
    group by level, node_id
),

final as (
    {%- for panel in panels %}
    select
        '{{ panel.name }}' as panel_name,
        {{ warehouse_forecaster.join_id(['level', 'node_id']) }} as unique_id,
        level,
        node_id
        {%- for column in columns %},
        cast(case level
            {%- for part in panel.node_levels if column in part %}
            when '{{ warehouse_forecaster.level_name(part) }}' then {{ warehouse_forecaster.id_part('node_id', part.index(column) + 1) }}
            {%- endfor %}
            when null then null
        end as varchar) as {{ column }}
        {%- endfor %}
    from nodes
    where level in (
        {%- for part in panel.node_levels %}'{{ warehouse_forecaster.level_name(part) }}'{{ ', ' if not loop.last }}{% endfor -%}
    )
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as varchar) as panel_name,
        cast(null as varchar) as unique_id,
        level,
        node_id
        {%- for column in columns %},
        cast(null as varchar) as {{ column }}
        {%- endfor %}
    from nodes
    where false
    {%- endfor %}
)

select * from final
