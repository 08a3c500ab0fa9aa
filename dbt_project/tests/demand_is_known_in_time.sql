{#- Warns where most of the demand was recorded after its period had closed, and stops the build, with a message, where nearly all
    was: such demand is in no `y`, and its panel is empty or a row of zeros. A restatement is no late demand; its first version counts. -#}
{{ config(severity='warn') }}
{% set input_name = 'sales' if warehouse_forecaster.has_input('sales') else 'demand' %}

with lines as (
    select * from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
),

restated as (
    select
        item_id,
        location_id,
        demand_on,
        withdrawn_at
    from lines
    where withdrawn_by = 'restatement'
),

first_versions as (
    select
        lines.item_id,
        lines.demand_on,
        lines.recorded_at
    from lines
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
),

{% set frequencies = warehouse_forecaster.get_panels() | map(attribute='frequency') | unique | list -%}
{% for frequency in frequencies -%}
{%- set period_end = warehouse_forecaster.period_add(warehouse_forecaster.period_start('demand_on', frequency), 1, frequency) -%}
by_{{ frequency }} as (
    select
        '{{ frequency }}' as frequency,
        item_id,
        demand_on,
        recorded_at,
        recorded_at >= {{ warehouse_forecaster.closes_at(period_end) }} as is_late,
        epoch(recorded_at - ({{ warehouse_forecaster.local_to_utc(period_end) }})) / 3600 as hours_after_end
    from first_versions
),

{% endfor -%}
dated as (
    {%- for frequency in frequencies %}
    select * from by_{{ frequency }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        frequency,
        count(*) as n_lines,
        count_if(is_late) as n_late,
        greatest(0, ceil(quantile_cont(hours_after_end, 0.95))) as hours_for_most,
        min(
            case when is_late then 'item ' || item_id || ', ordered on ' || cast(demand_on as varchar)
            || ', recorded at ' || cast(recorded_at as varchar) || ' UTC' end
        ) as example
    from dated
    group by frequency
),

judged as (
    select
        n_late > 0.9 * n_lines as is_hopeless,
        'input {{ input_name }}: ' || cast(n_late as varchar) || ' of ' || cast(n_lines as varchar)
        || ' accepted rows were recorded after their ' || frequency || ' had closed (for example: ' || example
        || '), so panels by ' || frequency || ' do not know of them in time; set var business.closing_delay_hours, if the nightly load'
        || ' comes later than that (' || cast(cast(hours_for_most as bigint) as varchar) || ' hours hold 19 of 20 rows), or take loaded_at'
        || ' out of var inputs.{{ input_name }}, if it is the time of a bulk load and not of the record' as message
    from counted
    where n_late > 0.5 * n_lines
)

select message
from judged
where case when is_hopeless then {{ warehouse_forecaster.raise_error('message') }} else message end is not null
