{#- An expression's sum here equals another expression's sum there, up to rounding. -#}
{% test equal_sums(model, expression, to, to_expression, tolerance=1e-6) %}
with here as (
    select coalesce(sum({{ expression }}), 0) as total from {{ model }}
),

there as (
    select coalesce(sum({{ to_expression }}), 0) as total from {{ to }}
),

final as (
    select
        here.total as total_here,
        there.total as total_there
    from here
    cross join there
    where abs(here.total - there.total) > {{ tolerance }} * greatest(1, abs(here.total))
)

select * from final
{% endtest %}
