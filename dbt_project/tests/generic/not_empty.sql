{#- A table holds rows. -#}
{% test not_empty(model) %}
with counted as (
    select count(*) as n_rows from {{ model }}
)

select n_rows
from counted
where n_rows = 0
{% endtest %}
