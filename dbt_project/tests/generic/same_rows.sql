{#- As many rows as another relation: a join has neither lost nor doubled any. -#}
{% test same_rows(model, to) %}
with here as (
    select count(*) as n_rows from {{ model }}
),

there as (
    select count(*) as n_rows from {{ to }}
)

select
    here.n_rows as rows_here,
    there.n_rows as rows_there
from here
cross join there
where here.n_rows <> there.n_rows
{% endtest %}
