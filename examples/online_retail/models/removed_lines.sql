-- How many lines never reached the package, by file and reason; `kept` closes the sum.
with

final as (
    select
        file_name,
        coalesce(removal_reason, 'kept') as reason,
        count(*) as n_lines,
        sum(quantity) as quantity
    from {{ ref('invoice_lines') }}
    group by all
)

select * from final
