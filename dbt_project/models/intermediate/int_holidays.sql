-- A name on more than 20 days a year is no feast but a part of the calendar (days of pay, school holidays): it would drown the rare ones.
with holidays as (
    select distinct
        ds,
        name,
        nullif(location_id, 'all') as location_id,
        region
    from {{ ref('warehouse_forecaster', 'stg_holidays') }}
    where {{ warehouse_forecaster.rejection_reason('holidays') }} is null
),

names as (
    select
        name,
        count(distinct ds) as n_days,
        greatest(1, (max(ds) - min(ds)) / 365.25) as n_years
    from holidays
    group by name
),

final as (
    select
        holidays.ds,
        holidays.name,
        holidays.location_id,
        holidays.region,
        coalesce(names.n_days > 20 * names.n_years, false) as is_frequent
    from holidays
    left join names on holidays.name = names.name
)

select * from final
