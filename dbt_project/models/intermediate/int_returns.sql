with classified as (
    select * from {{ ref('warehouse_forecaster', 'int_sales_classified') }}
),

final as (
    select
        -- ids
        line_id as return_id,
        item_id,
        location_id,
        customer_id,
        returned_order_id,
        -- when
        demand_on as returned_on,
        recorded_at,
        withdrawn_at,
        -- how much
        abs(quantity) as quantity
    from classified
    where rejection_reason is null and line_role = 'return'
)

select * from final
