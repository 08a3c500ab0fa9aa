-- What the package takes as `sales`: products with a price, each line of the overlap once.
with

final as (
    select
        invoice,
        stock_code,
        quantity,
        invoiced_at,
        unit_price,
        customer_id
    from {{ ref('invoice_lines') }}
    where removal_reason is null
)

select * from final
