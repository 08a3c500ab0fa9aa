-- What the package takes as `sales`: products with a price, each line once. An order that a credit note undoes on a
-- later day carries the time of its cancellation; the package finds those of the same day itself.
with

lines as (
    select * from {{ ref('invoice_lines') }}
    where removal_reason is null
),

later as (
    select * from {{ ref('undone_orders') }}
    where not is_same_day
),

final as (
    select
        lines.invoice,
        lines.stock_code,
        lines.quantity,
        lines.invoiced_at,
        lines.unit_price,
        lines.customer_id,
        undone.undone_at is not null as is_cancelled,
        undone.undone_at as cancelled_at
    from lines
    left join later as undone on lines.line_id = undone.line_id
    anti join later as credits on lines.line_id = credits.credit_line_id
)

select * from final
