-- Both files under one set of names, with what speaks against a line; nothing is dropped here.
-- Copies go first: a credit note undoes one order, not an order and its copy.
with

second_file_start as (
    select min(invoicedate) as starts_at
    from {{ source('uci', 'online_retail_2010_2011') }}
),

lines (invoice, stock_code, description, quantity, invoiced_at, unit_price, customer_id, file_name) as (
    select invoice, stockcode, description, quantity, invoicedate, price, customerid, 'online_retail_2009_2010'
    from {{ source('uci', 'online_retail_2009_2010') }}
    union all
    select invoiceno, stockcode, description, quantity, invoicedate, unitprice, customerid, 'online_retail_2010_2011'
    from {{ source('uci', 'online_retail_2010_2011') }}
),

labelled as (
    select
        lines.invoice,
        upper(trim(lines.stock_code)) as stock_code,
        nullif(trim(lines.description), '') as description,
        lines.quantity,
        lines.invoiced_at,
        lines.unit_price,
        lines.customer_id,
        lines.file_name,
        case
            when lines.file_name = 'online_retail_2009_2010' and lines.invoiced_at >= second_file_start.starts_at
                then 'stands in both files'
            when not regexp_full_match(upper(trim(lines.stock_code)), '[0-9]{5}[A-Z]*')
                then 'not a product'
            when lines.unit_price is null or lines.unit_price <= 0
                then 'no positive price'
        end as removal_reason
    from lines
    cross join second_file_start
),

final as (
    select
        * replace (
            case
                when removal_reason is not null then removal_reason
                when row_number() over (
                    partition by invoice, stock_code, description, quantity, invoiced_at, unit_price, customer_id, removal_reason
                    order by file_name
                ) > 1 then 'exact duplicate'
            end as removal_reason
        ),
        md5(concat_ws('|', invoice, stock_code, description, quantity, invoiced_at, unit_price, customer_id)) as line_id
    from labelled
)

select * from final
