{#- No two rows share these columns, and none of them is null: what a key promises. A hash finds the few rows that may share it, at a
    fraction of the memory that the keys of many million rows would take; those alone are compared.
    `since_last_build` names the column of the key by which the table is built: rows that an incremental build left alone have been tested, and
    share no key with those it wrote. -#}
{% test unique_key(model, columns, since_last_build=none) %}
{%- set key_hash = warehouse_forecaster.hashed(columns) %}
{%- set written %}
    {%- if since_last_build %}
    {{ warehouse_forecaster.written_last(model, since_last_build) }}
    {%- else %}
    true
    {%- endif %}
{%- endset %}
with repeated as (
    select {{ key_hash }} as key_hash
    from {{ model }}
    where {{ written }}
    group by 1
    having count(*) > 1
)

select
    {{ columns | join(', ') }},
    count(*) as n_rows
from {{ model }}
where
    {{ written }}
    and (
        {{ key_hash }} in (select key_hash from repeated)
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}
    )
group by {{ columns | join(', ') }}
having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}
