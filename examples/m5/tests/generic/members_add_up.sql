{#- Where all series are known, the total is their sum: what was taken off as not yet sold was nothing. -#}
{% test members_add_up(model) %}
with sums as (
    select
        date,
        sum(sales) as sales
    from {{ ref('sales') }}
    group by date
)

select
    totals.ds,
    totals.quantity,
    sums.sales
from {{ model }} as totals
inner join sums on totals.ds = sums.date
where totals.level = 'total' and totals.quantity <> sums.sales
{% endtest %}
