-- What every peer may see, and what all are scored by, as parquet files in one folder. Reads the views that `export.py` lays over
-- the data. A `{folder}` stands for where to write.

-- One row per series and day from its first sale on: demand, and the covariates known in advance (a price is planned at least
-- the horizon ahead; ratios look back from their own day).
copy (
    with priced as (
        select
            sales.item_id || '/' || sales.store_id as unique_id,
            sales.date as ds,
            sales.sales as y,
            prices.sell_price as price,
            case series.state_id
                when 'CA' then calendar.snap_CA
                when 'TX' then calendar.snap_TX
                else calendar.snap_WI
            end as is_snap
        from sales
        inner join calendar on sales.date = calendar.date
        inner join series using (item_id, store_id)
        left join prices
            on
                sales.store_id = prices.store_id
                and sales.item_id = prices.item_id
                and calendar.wm_yr_wk = prices.wm_yr_wk
        where sales.date >= series.first_sales_date
    )

    select
        unique_id,
        ds,
        y,
        price,
        price / avg(price) over (partition by unique_id order by ds) as relative_price,
        price / lag(price, 7) over (partition by unique_id order by ds) - 1 as price_change,
        is_snap,
        y * price as revenue
    from priced
    order by unique_id, ds
) to '{folder}/panel.parquet' (format parquet);

copy (
    select
        date as ds,
        d_num as day_number,
        coalesce(event_name_1, '') as event,
        coalesce(event_type_1, '') as event_type,
        coalesce(event_name_2, '') as second_event,
        snap_CA as snap_ca,
        snap_TX as snap_tx,
        snap_WI as snap_wi
    from calendar
    order by date
) to '{folder}/calendar.parquet' (format parquet);

copy (
    select
        item_id || '/' || store_id as unique_id,
        item_id,
        dept_id,
        cat_id,
        store_id,
        state_id
    from series
    order by unique_id
) to '{folder}/series.parquet' (format parquet);

-- The histories of the 154 nodes of levels 1 to 9, far longer than their members'.
copy (
    select
        level::integer as level,
        concat_ws('/', coalesce(store_id, state_id), coalesce(dept_id, cat_id)) as node_id,
        date as ds,
        sales as y
    from aggregates
    order by level, node_id, ds
) to '{folder}/nodes.parquet' (format parquet);

copy (
    with keys as (select item_id || '/' || store_id as unique_id, * from series)

    select 1 as level, '' as node_id, unique_id from keys
    union all
    select 2, state_id, unique_id from keys
    union all
    select 3, store_id, unique_id from keys
    union all
    select 4, cat_id, unique_id from keys
    union all
    select 5, dept_id, unique_id from keys
    union all
    select 6, state_id || '/' || cat_id, unique_id from keys
    union all
    select 7, state_id || '/' || dept_id, unique_id from keys
    union all
    select 8, store_id || '/' || cat_id, unique_id from keys
    union all
    select 9, store_id || '/' || dept_id, unique_id from keys
    union all
    select 12, unique_id, unique_id from keys
    order by level, node_id, unique_id
) to '{folder}/hierarchy.parquet' (format parquet);

-- The squared scale of RMSSE: of a series over d_1 to d_1913, as given (its own history here is too short for one).
copy (
    select
        item_id || '/' || store_id as unique_id,
        rmsse_scale_d1_d1913 as squared_scale
    from series
    order by unique_id
) to '{folder}/given_scales.parquet' (format parquet);
