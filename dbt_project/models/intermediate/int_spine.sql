with series as (
    select * from {{ ref('warehouse_forecaster', 'int_series') }}
),

periods as (
    select * from {{ ref('warehouse_forecaster', 'int_periods') }}
),

final as (
    select
        -- ids
        series.panel_name,
        series.unique_id,
        series.item_id,
        series.location_id,
        series.customer_id,
        -- dates
        periods.ds,
        periods.period_index,
        -- flags
        periods.is_future
    from series
    inner join periods
        on
            series.panel_name = periods.panel_name
            and series.first_ds <= periods.ds
)

select * from final
