-- A name on more than 20 days of its first year is no feast but a part of the calendar (days of pay, school holidays): it would drown the rare ones.
with holidays as (
    select distinct
        ds,
        name,
        nullif(location_id, 'all') as location_id,
        region
    from {{ ref('warehouse_forecaster', 'stg_holidays') }}
    where {{ warehouse_forecaster.rejection_reason('holidays') }} is null
),

firsts as (
    select
        name,
        min(ds) as first_on
    from holidays
    group by name
),

-- by the year that it begins with: no later one may change what was said of the days before
names as (
    select
        holidays.name,
        count(distinct holidays.ds) > 20 as is_frequent
    from holidays
    inner join firsts
        on
            holidays.name = firsts.name
            and holidays.ds < firsts.first_on + 365
    group by holidays.name
),

final as (
    select
        holidays.ds,
        holidays.name,
        holidays.location_id,
        holidays.region,
        coalesce(names.is_frequent, false) as is_frequent
    from holidays
    left join names on holidays.name = names.name
)

select * from final
