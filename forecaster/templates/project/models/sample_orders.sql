-- A made-up shop, so that the project builds before your own tables are mapped: three items, two years.
-- Map yours under `inputs` in dbt_project.yml, then delete this file.
with days as (
    select
        cast(range as date) as ordered_on,
        date_diff('day', timestamp '2023-01-01', range) as n
    from range(timestamp '2023-01-01', timestamp '2025-01-01', interval 1 day)
),

items as (
    select * from (values ('mug', 6), ('bowl', 3), ('plate', 9)) as items (item_id, level)
),

final as (
    select
        items.item_id || '-' || days.n as order_id,
        cast(days.ordered_on as timestamp) + interval 10 hour as ordered_at,
        items.item_id,
        -- busier at the end of the week and around the turn of the year, with a little unrest
        cast(round(
            items.level * (1 + 0.4 * sin(2 * pi() * days.n / 7) + 0.3 * cos(2 * pi() * days.n / 365.25))
            + (days.n * 37 % 11 - 5) / 4.0
        ) as integer) as quantity,
        4.5 + items.level as unit_price
    from days
    cross join items
)

select * from final where quantity > 0
