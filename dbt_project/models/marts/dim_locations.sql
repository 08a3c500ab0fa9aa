-- Every location that is described or has a series; `all` stands for sales without one.
with locations as (
    select * from {{ ref('warehouse_forecaster', 'stg_locations') }}
    where location_id is not null
    qualify row_number() over (
        partition by location_id
        order by warehouse_id nulls last, region nulls last, time_zone nulls last, capacity_units nulls last
    ) = 1
),

series_locations as (
    select distinct location_id from {{ ref('warehouse_forecaster', 'series') }}
    where location_id is not null
),

final as (
    select
        coalesce(locations.location_id, series_locations.location_id) as location_id,
        locations.warehouse_id,
        locations.region,
        locations.time_zone,
        cast(locations.capacity_units as double) as capacity_units,
        cast(locations.capacity_volume as double) as capacity_volume,
        series_locations.location_id is not null as is_forecast
    from locations
    full join series_locations on locations.location_id = series_locations.location_id
)

select * from final
