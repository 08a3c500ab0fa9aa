-- The first description an item was sold under: what was known at its launch.
with

final as (
    select
        stock_code,
        min_by(description, invoiced_at) as description
    from {{ ref('invoice_lines') }}
    where removal_reason is null and quantity > 0 and description is not null
    group by stock_code
)

select * from final
