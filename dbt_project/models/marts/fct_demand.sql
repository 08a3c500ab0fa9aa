-- Demand as the forecaster saw it, and as it stands today.
with revisions as (
    select
        panel_name,
        unique_id,
        ds,
        sum(quantity_change) as quantity_change
    from {{ ref('warehouse_forecaster', 'revisions') }}
    group by panel_name, unique_id, ds
),

final as (
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
)

select * from final
