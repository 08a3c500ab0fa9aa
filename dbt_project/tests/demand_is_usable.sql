{#- Stops the build, with a message, where the demand that was mapped is empty or mostly of no use, or a column of it is. -#}
{% set input_name = 'sales' if warehouse_forecaster.has_input('sales') else 'demand' %}
{% set empty = "input " ~ input_name ~ " (var inputs." ~ input_name ~ ") has no rows; load the table or correct the mapping" %}
{% set later = "input " ~ input_name ~ " has no row recorded before as_of; correct var business.as_of, or the column mapped to loaded_at" %}

with described as (
    select
        rejection_reason,
        -- written out only where it may be shown
        case
            when rejection_reason <> 'recorded at or after as_of' then coalesce(
                cast_error, concat_ws(', ', 'order ' || order_id, 'item ' || item_id, 'ordered ' || cast(ordered_at as varchar))
            )
        end as example
    from {{ ref('warehouse_forecaster', 'int_sales_classified') }}
),

counted as (
    select
        count(*) as n_rows,
        count(*) filter (where rejection_reason = 'recorded at or after as_of') as n_later,
        count(*) filter (where rejection_reason is not null and rejection_reason <> 'recorded at or after as_of') as n_rejected,
        mode(rejection_reason) filter (where rejection_reason <> 'recorded at or after as_of') as main_reason,
        min(example) as example
    from described
),

judged as (
    select
        case
            when n_rows = 0 then '{{ empty }}'
            when n_rows = n_later then '{{ later }}'
            when n_rejected > 0.5 * (n_rows - n_later)
                then
                    'input {{ input_name }}: ' || cast(n_rejected as varchar) || ' of ' || cast(n_rows - n_later as varchar)
                    || ' rows are rejected, most for: ' || main_reason || ' (for example: ' || example
                    || '); correct the mapping in var inputs.{{ input_name }} or the table; int_rejections counts every reason'
        end as message
    from counted
),

unreadable as (
    {{ warehouse_forecaster.unreadable_columns(input_name) }}
),

found as (
    select message from judged
    union all
    select message from unreadable
)

select message
from found
where message is not null and {{ warehouse_forecaster.raise_error('message') }} is not null
