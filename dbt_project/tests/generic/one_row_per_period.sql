{#- No series of a panel has two rows of one period, and no row is without its key: each row sets the bit of its day in a string of bits for its
    series, so that as many bits as rows are set. A tenth of what the keys of many million rows take in a hash table.
    `since_last_build`: only the rows that the last build wrote, since the key holds the period. -#}
{% test one_row_per_period(model, since_last_build=true) %}
{%- set bounds = [none, none] %}
{%- if execute %}
{%- set bounds = run_query('select min(ds), max(ds) from ' ~ model).rows[0] %}
{%- endif %}
{%- set first = "date '" ~ (bounds[0] or '2000-01-01') ~ "'" %}
{%- set last = "date '" ~ (bounds[1] or '2000-01-01') ~ "'" %}
select
    panel_name,
    unique_id,
    count(*) as n_rows,
    {{ warehouse_forecaster.distinct_days('ds', first, last) }} as n_periods
from {{ model }}
{%- if since_last_build %}
where {{ warehouse_forecaster.written_last(model, 'ds') }} or ds is null
{%- endif %}

group by panel_name, unique_id
having
    count(*) <> coalesce({{ warehouse_forecaster.distinct_days('ds', first, last) }}, 0)
    or panel_name is null
    or unique_id is null
{% endtest %}
