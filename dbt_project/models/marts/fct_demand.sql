-- Demand as the forecaster saw it, and as it stands today. A series begins with the first demand known at a close; what was recorded
-- later of the time before is in no panel, for it would have changed the past, and stands here alone.
with revisions as (
    select
        panel_name,
        unique_id,
        ds,
        sum(quantity_change) as quantity_change
    from {{ ref('warehouse_forecaster', 'revisions') }}
    group by panel_name, unique_id, ds
),

in_panel as (
    select
        -- ids
        panel.panel_name,
        panel.unique_id,
        series.item_id,
        series.location_id,
        series.customer_id,
        panel.ds,
        -- numerics
        panel.y as demand,
        cast(panel.y + coalesce(revisions.quantity_change, 0) as double) as demand_latest,
        panel.y_train as demand_learned,
        panel.revenue,
        panel.returned_quantity,
        -- booleans
        panel.is_stocked_out,
        panel.is_stockout_inferred,
        panel.is_winsorised,
        revisions.unique_id is not null as is_revised
    from {{ ref('warehouse_forecaster', 'panel') }} as panel
    left join {{ ref('warehouse_forecaster', 'series') }} as series
        on panel.panel_name = series.panel_name and panel.unique_id = series.unique_id
    left join revisions
        on panel.panel_name = revisions.panel_name and panel.unique_id = revisions.unique_id and panel.ds = revisions.ds
    where panel.y is not null
),

before_the_series as (
    select
        demand.panel_name,
        demand.unique_id,
        demand.item_id,
        demand.location_id,
        demand.customer_id,
        demand.ds,
        cast(0 as double) as demand,
        cast(revisions.quantity_change as double) as demand_latest,
        cast(null as double) as demand_learned,
        cast(0 as double) as revenue,
        demand.returned_quantity,
        false as is_stocked_out,
        false as is_stockout_inferred,
        false as is_winsorised,
        true as is_revised
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }} as demand
    inner join revisions
        on demand.panel_name = revisions.panel_name and demand.unique_id = revisions.unique_id and demand.ds = revisions.ds
    left join {{ ref('warehouse_forecaster', 'panel') }} as panel
        on demand.panel_name = panel.panel_name and demand.unique_id = panel.unique_id and demand.ds = panel.ds
    where panel.panel_name is null
),

final as (
    select * from in_panel
    union all
    select * from before_the_series
)

select * from final
