-- How many lines never reached the package, by file and reason; `kept` closes the sum.
with

lines as (
    select * from {{ ref('invoice_lines') }}
),

credit_notes as (
    select credit_line_id from {{ ref('undone_orders') }}
    where not is_same_day
),

final as (
    select
        lines.file_name,
        case
            when lines.removal_reason is not null then lines.removal_reason
            when credit_notes.credit_line_id is not null then 'credit note, now the later cancellation of its order'
            else 'kept'
        end as reason,
        count(*) as n_lines,
        sum(lines.quantity) as quantity
    from lines
    left join credit_notes on lines.line_id = credit_notes.credit_line_id and lines.removal_reason is null
    group by all
)

select * from final
