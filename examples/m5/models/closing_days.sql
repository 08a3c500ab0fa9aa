-- The one day of the year on which the shops are closed.
with

final as (
    select
        date as ds,
        event_name_1 as name
    from {{ source('walmart', 'calendar') }}
    where event_name_1 = 'Christmas'
)

select * from final
