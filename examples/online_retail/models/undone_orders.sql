-- Which order a credit note undoes: the nearest one before it, of the same customer, item and quantity, not yet undone.
-- Orders open and credit notes close, like brackets: those at the same depth, side by side, belong together.
with

lines as (
    select
        line_id,
        stock_code,
        customer_id,
        abs(quantity) as quantity,
        invoiced_at,
        quantity > 0 as is_order
    from {{ ref('invoice_lines') }}
    where removal_reason is null and customer_id is not null
),

counted as (
    select
        *,
        sum(case when is_order then 1 else -1 end) over (
            partition by customer_id, stock_code, quantity
            order by invoiced_at, is_order desc, line_id
        ) as n_open
    from lines
),

paired as (
    select
        line_id,
        is_order,
        invoiced_at,
        lead(line_id) over bracket as next_line_id,
        lead(is_order) over bracket as is_next_order,
        lead(invoiced_at) over bracket as next_invoiced_at
    from counted
    window bracket as (
        partition by customer_id, stock_code, quantity, n_open + case when is_order then 0 else 1 end
        order by invoiced_at, is_order desc, line_id
    )
),

final as (
    select
        line_id,
        next_line_id as credit_line_id,
        invoiced_at,
        next_invoiced_at as undone_at,
        cast(invoiced_at as date) = cast(next_invoiced_at as date) as is_same_day
    from paired
    where is_order and not is_next_order
)

select * from final
