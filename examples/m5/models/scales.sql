-- The competition's scales: mean squared difference from day to day, from the first sale to d_1913; as they were given for the series,
-- and from the totals for levels 1 to 9.
with

steps as (
    select
        level,
        node_id,
        ds,
        quantity - lag(quantity) over (partition by level, node_id order by ds) as step
    from {{ ref('totals') }}
),

levels as (
    select
        level,
        node_id,
        avg(step * step) as scale
    from steps
    group by level, node_id
),

series as (
    select
        'bottom' as level,
        item_id || '/' || store_id as node_id,
        rmsse_scale_d1_d1913 as scale
    from {{ source('walmart', 'series') }}
),

final as (
    select 'item_store' as panel_name, level, node_id, scale
    from series
    union all
    select 'item_store' as panel_name, level, node_id, scale
    from levels
    union all
    select
        'nodes' as panel_name,
        'bottom' as level,
        {{ warehouse_forecaster.join_id(['level', 'node_id']) }} as node_id,
        scale
    from levels
)

select * from final
