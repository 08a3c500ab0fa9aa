-- Named events of the whole country, and by state the days on which food stamps (SNAP) are paid out.
with

calendar as (
    select * from {{ source('walmart', 'calendar') }}
),

final as (
    select date as ds, event_name_1 as name, cast(null as varchar) as region, event_type_1 as kind
    from calendar
    where event_name_1 is not null
    union all
    select date as ds, event_name_2 as name, cast(null as varchar) as region, event_type_2 as kind
    from calendar
    where event_name_2 is not null
    {%- for state in ['CA', 'TX', 'WI'] %}
    union all
    select date as ds, 'SNAP' as name, '{{ state }}' as region, 'SNAP' as kind
    from calendar
    where snap_{{ state }} = 1
    {%- endfor %}
)

select * from final
