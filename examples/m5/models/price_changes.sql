-- Of seven million weekly prices those that differ from the week before. A plan is known 28 days before it holds.
with

weeks as (
    select
        wm_yr_wk,
        min(date) as starts_on
    from {{ source('walmart', 'calendar') }}
    group by wm_yr_wk
),

prices as (
    select
        *,
        lag(sell_price) over (partition by item_id, store_id order by wm_yr_wk) as price_before
    from {{ source('walmart', 'sell_prices') }}
),

final as (
    select
        prices.item_id,
        prices.store_id,
        weeks.starts_on as valid_from,
        prices.sell_price as price,
        cast(weeks.starts_on - 28 as timestamp) as known_at
    from prices
    inner join weeks on prices.wm_yr_wk = weeks.wm_yr_wk
    where prices.sell_price is distinct from prices.price_before
)

select * from final
