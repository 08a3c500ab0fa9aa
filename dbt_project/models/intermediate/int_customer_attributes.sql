-- One row per customer: what was known on joining. An absurd age is no age; a missing one is filled from customers who joined no later.
with customers as (
    select *
    from {{ ref('warehouse_forecaster', 'stg_customers') }}
    where customer_id is not null
    qualify row_number() over (
        partition by customer_id
        order by joined_on nulls last, birth_year nulls last, age nulls last, gender nulls last, region nulls last
    ) = 1
),

series_customers as (
    select customer_id, min(first_ds) as first_ds
    from {{ ref('warehouse_forecaster', 'int_series') }}
    where customer_id is not null
    group by customer_id
),

joined as (
    select
        coalesce(customers.customer_id, series_customers.customer_id) as customer_id,
        case
            when lower(customers.gender) in ('f', 'female', 'w', 'woman') then 'female'
            when lower(customers.gender) in ('m', 'male', 'man') then 'male'
            else lower(customers.gender)
        end as gender,
        customers.region,
        customers.birth_year,
        customers.age,
        coalesce(customers.joined_on, series_customers.first_ds) as joined_on,
        customers.joined_on is null as is_joined_on_imputed,
        coalesce(customers.joined_on, series_customers.first_ds, cast('9999-12-31' as date)) as known_from
    from customers
    full join series_customers on customers.customer_id = series_customers.customer_id
),

aged as (
    select
        *,
        {{ warehouse_forecaster.age_at('joined_on', 'birth_year', 'age') }} as customer_age
    from joined
),

final as (
    select
        customer_id,
        gender,
        region,
        -- Nobody's age changes with what others are: these two stay null where they are not known.
        case when customer_age is not null or joined_on is null then birth_year end as birth_year,
        case when customer_age is not null or joined_on is null then age end as age,
        joined_on,
        is_joined_on_imputed,
        {{ warehouse_forecaster.impute_attribute('customer_age', none, 'known_from', 'customer_id') }} as customer_age,
        customer_age is null as is_customer_age_imputed
    from aged
)

select * from final
