-- Demand from each series' first sale on: a zero before it is no demand that was not met, it is no series yet.
with

sales as (
    select * from {{ source('walmart', 'sales_d1762_d1913') }}
),

final as (
    select
        sales.item_id,
        sales.store_id,
        sales.date,
        cast(sales.sales as double) as sales,
        sales.sales * prices.sell_price as revenue
    from sales
    inner join {{ source('walmart', 'series') }} as series
        on
            sales.item_id = series.item_id
            and sales.store_id = series.store_id
            and sales.date >= series.first_sales_date
    inner join {{ source('walmart', 'calendar') }} as calendar on sales.date = calendar.date
    left join {{ source('walmart', 'sell_prices') }} as prices
        on
            sales.item_id = prices.item_id
            and sales.store_id = prices.store_id
            and calendar.wm_yr_wk = prices.wm_yr_wk
)

select * from final
