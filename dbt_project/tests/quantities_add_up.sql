-- Every unit that came in is accepted, given back or rejected, and once only.
with input as (
    select coalesce(sum(quantity), 0) as units
    from {{ ref('warehouse_forecaster', 'stg_sales' if warehouse_forecaster.has_input('sales') else 'stg_demand') }}
),

accepted as (
    select coalesce(sum(quantity), 0) as units from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
),

given_back as (
    select
        coalesce(sum(quantity), 0) as units,
        coalesce(sum(abs(quantity)) filter (where line_role = 'return'), 0) as returned_units
    from {{ ref('warehouse_forecaster', 'int_sales_classified') }}
    where rejection_reason is null and line_role <> 'order'
),

returned as (
    select coalesce(sum(quantity), 0) as units from {{ ref('warehouse_forecaster', 'int_returns') }}
),

rejected as (
    select coalesce(sum(quantity), 0) as units
    from {{ ref('warehouse_forecaster', 'int_rejections') }}
    where input_name in ('sales', 'demand') and treatment = 'rejected'
),

final as (
    select
        input.units as input_units,
        accepted.units as accepted_units,
        given_back.units as given_back_units,
        rejected.units as rejected_units,
        returned.units as returned_units
    from input
    cross join accepted
    cross join given_back
    cross join returned
    cross join rejected
    where
        abs(input.units - accepted.units - given_back.units - rejected.units) > 1e-9 * greatest(1, abs(input.units))
        or abs(given_back.returned_units - returned.units) > 1e-9 * greatest(1, returned.units)
)

select * from final
