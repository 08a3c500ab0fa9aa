{#- No two rows share these columns, and none of them is null: what a key promises. A hash finds the few rows that may share it, at a
    fraction of the memory that the keys of many million rows would take; those alone are compared. -#}
{% test unique_key(model, columns) %}
{%- set key_hash = warehouse_forecaster.hashed(columns) %}
with repeated as (
    select {{ key_hash }} as key_hash
    from {{ model }}
    group by 1
    having count(*) > 1
)

select
    {{ columns | join(', ') }},
    count(*) as n_rows
from {{ model }}
where
    {{ key_hash }} in (select key_hash from repeated)
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}
group by {{ columns | join(', ') }}
having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}
