{#- Warns where most of the demand was recorded after its period had closed, and stops the build, with a message, where nearly all
    was: such demand is in no `y`, and its panel is empty or a row of zeros. A restatement is no late demand; its first version counts.
    Without a time of load a row is recorded when it was ordered, so that none can be late, and nothing is read. -#}
{{ config(severity='warn') }}
{% set input_name = 'sales' if warehouse_forecaster.has_input('sales') else 'demand' %}
{% set frequencies = warehouse_forecaster.get_panels() | map(attribute='frequency') | unique | list -%}
{% set ends = {} -%}
{% for frequency in frequencies -%}
{% do ends.update({
    frequency: warehouse_forecaster.period_add(warehouse_forecaster.period_start('lines.demand_on', frequency), 1, frequency)
}) -%}
{% endfor -%}
{#- A table of its own for each reader: one that they shared would be held in memory whole. -#}
{% set first_versions -%}
{{ ref('warehouse_forecaster', 'int_demand_lines') }} as lines
    where
        not exists (
            select 1
            from restated
            where
                restated.item_id = lines.item_id
                and restated.location_id = lines.location_id
                and restated.demand_on = lines.demand_on
                and restated.withdrawn_at = lines.recorded_at
        )
{%- endset %}
{% if not warehouse_forecaster.has_column(input_name, 'loaded_at') %}

select cast(null as varchar) as message
from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
where false

{% else %}

with restated as (
    select
        item_id,
        location_id,
        demand_on,
        withdrawn_at
    from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
    where withdrawn_by = 'restatement'
),

totals as (
    select
        count(*) as n_lines,
        {%- for frequency in frequencies %}
        count_if(lines.recorded_at >= {{ warehouse_forecaster.closes_at(ends[frequency]) }}) as n_late_{{ frequency }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ first_versions }}
),

mostly_late as (
    {%- for frequency in frequencies %}
    select
        '{{ frequency }}' as frequency,
        n_lines,
        n_late_{{ frequency }} as n_late
    from totals
    where n_late_{{ frequency }} > 0.5 * n_lines
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- how late, which is asked only where there is something to say
dated as (
    {%- for frequency in frequencies %}
    select
        '{{ frequency }}' as frequency,
        epoch(lines.recorded_at - ({{ warehouse_forecaster.local_to_utc(ends[frequency]) }})) / 3600 as hours_after_end,
        case
            when lines.recorded_at >= {{ warehouse_forecaster.closes_at(ends[frequency]) }}
                then
                    'item ' || lines.item_id || ', ordered on ' || cast(lines.demand_on as varchar)
                    || ', recorded at ' || cast(lines.recorded_at as varchar) || ' UTC'
        end as example
    from {{ first_versions }}
        and exists (select 1 from mostly_late where frequency = '{{ frequency }}')
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

described as (
    select
        frequency,
        greatest(0, ceil(quantile_cont(hours_after_end, 0.95))) as hours_for_most,
        min(example) as example
    from dated
    group by frequency
),

judged as (
    select
        mostly_late.n_late > 0.9 * mostly_late.n_lines as is_hopeless,
        'input {{ input_name }}: ' || cast(mostly_late.n_late as varchar) || ' of ' || cast(mostly_late.n_lines as varchar)
        || ' accepted rows were recorded after their ' || mostly_late.frequency || ' had closed (for example: ' || described.example
        || '), so panels by ' || mostly_late.frequency || ' do not know of them in time; set var business.closing_delay_hours, if the nightly'
        || ' load comes later than that (' || cast(cast(described.hours_for_most as bigint) as varchar) || ' hours hold 19 of 20 rows), or take'
        || ' loaded_at out of var inputs.{{ input_name }}, if it is the time of a bulk load and not of the record' as message
    from mostly_late
    inner join described on mostly_late.frequency = described.frequency
)

select message
from judged
where case when is_hopeless then {{ warehouse_forecaster.raise_error('message') }} else message end is not null

{% endif %}
