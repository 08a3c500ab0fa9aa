-- What the calendar says of each period of each series: all of it known ahead.
{{ config(materialized='view') }}
{%- set panels = warehouse_forecaster.get_panels() %}
{%- set nodes_of = {} %}
{%- for panel in panels if panel.nodes_of %}
{%- do nodes_of.update({panel.nodes_of: panel}) %}
{%- endfor %}

with
{%- for panel in panels %}
{%- set ds = 'periods.ds' %}
{%- set days = '(periods.period_end - periods.ds)' %}
{#- Seasons are read in the middle of the period. #}
{%- set middle = '(periods.ds + cast(' ~ days ~ ' // 2 as integer))' %}
{%- set nodes = nodes_of.get(panel.name) %}
{%- set has_region = 'customer_id' in panel.grain and 'location_id' not in panel.grain %}
{{ panel.name }}_days as (
    {{ warehouse_forecaster.date_series(
        "(select min(ds) from " ~ ref('warehouse_forecaster', 'int_periods') ~ " where panel_name = '" ~ panel.name ~ "')",
        "(select max(period_end) - 1 from " ~ ref('warehouse_forecaster', 'int_periods') ~ " where panel_name = '" ~ panel.name ~ "')"
    ) }}
),

{{ panel.name }}_weekends as (
    select
        {{ warehouse_forecaster.period_start('day_on', panel.frequency) }} as ds,
        avg(case when day_on - cast(date_trunc('week', day_on) as date) >= 5 then 1.0 else 0.0 end) as weekend_share
    from {{ panel.name }}_days
    group by 1
),

{{ panel.name }}_angles as (
    select
        periods.ds,
        {{ days }} as n_days,
        weekends.weekend_share,
        {%- if panel.frequency == 'day' %}
        2 * pi() * (periods.ds - cast(date_trunc('week', periods.ds) as date)) / 7 as dow_angle,
        {%- else %}
        null as dow_angle,
        {%- endif %}
        {%- if panel.frequency == 'month' %}
        null as month_angle,
        {%- else %}
        2 * pi() * (extract(day from {{ middle }}) - 1) / 30.4375 as month_angle,
        {%- endif %}
        2 * pi() * (extract(doy from {{ middle }}) - 1) / 365.25 as year_angle
    from {{ ref('warehouse_forecaster', 'int_periods') }} as periods
    inner join {{ panel.name }}_weekends as weekends on periods.ds = weekends.ds
    where periods.panel_name = '{{ panel.name }}'
),

-- Computed and rounded once a period, not once for each series.
{{ panel.name }}_periods as (
    select
        ds,
        n_days,
        {%- for column, value in {
            'weekend_share': 'weekend_share',
            'dow_sin': 'coalesce(sin(dow_angle), 0)', 'dow_cos': 'coalesce(cos(dow_angle), 0)',
            'month_sin': 'coalesce(sin(month_angle), 0)', 'month_cos': 'coalesce(cos(month_angle), 0)',
            'year_sin_1': 'sin(year_angle)', 'year_cos_1': 'cos(year_angle)',
            'year_sin_2': 'sin(2 * year_angle)', 'year_cos_2': 'cos(2 * year_angle)',
        }.items() %}
        {{ warehouse_forecaster.rounded(value) }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_angles
),

{{ panel.name }}_holidays as (
    select
        place_group,
        ds,
        {%- for column in ['is_holiday', 'is_frequent_holiday', 'days_to_holiday', 'days_since_holiday'] %}
        {{ warehouse_forecaster.rounded(column) }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('warehouse_forecaster', 'int_holidays_by_period') }}
    where panel_name = '{{ panel.name }}'
),

{{ panel.name }}_births as (
    select
        series.unique_id,
        {%- if 'item_id' in panel.grain %}
        least(series.first_ds, items.launched_on) as born_on
        {%- elif 'customer_id' in panel.grain %}
        least(series.first_ds, customers.joined_on) as born_on
        {%- else %}
        series.first_ds as born_on
        {%- endif %}
        {%- if has_region %},
        customers.region
        {%- endif %}
        {%- if nodes %},
        {{ warehouse_forecaster.join_id(['hierarchy.level', 'hierarchy.node_id']) }} as node
        {%- endif %}
    from {{ ref('warehouse_forecaster', 'int_series') }} as series
    {%- if 'item_id' in panel.grain %}
    left join {{ ref('warehouse_forecaster', 'int_item_attributes') }} as items on series.item_id = items.item_id
    {%- endif %}
    {%- if 'customer_id' in panel.grain %}
    left join {{ ref('warehouse_forecaster', 'int_customer_attributes') }} as customers on series.customer_id = customers.customer_id
    {%- endif %}
    {%- if nodes %}
    -- what a holiday does is read off the node of the last, finest level
    left join {{ ref('warehouse_forecaster', 'hierarchy') }} as hierarchy
        on
            series.panel_name = hierarchy.panel_name
            and hierarchy.level = '{{ warehouse_forecaster.level_name(nodes.node_levels | last) }}'
            and series.unique_id = hierarchy.unique_id
    {%- endif %}
    where series.panel_name = '{{ panel.name }}'
),

{{ panel.name }}_rows as (
    select
        spine.panel_name,
        spine.unique_id,
        spine.ds,
        {%- for column, default in {
            'is_holiday': 0, 'is_frequent_holiday': 0, 'days_to_holiday': 28, 'days_since_holiday': 28,
        }.items() %}
        coalesce(holidays.{{ column }}, cast({{ default }} as double)) as {{ column }},
        {%- endfor %}
        coalesce(effects.holiday_effect, cast(0 as double)) as holiday_effect,
        periods.weekend_share,
        {{ warehouse_forecaster.rounded('periods.n_days * (1 - coalesce(closures.closed_share, 0))') }} as trading_days,
        {%- for column in ['dow_sin', 'dow_cos', 'month_sin', 'month_cos', 'year_sin_1', 'year_cos_1', 'year_sin_2', 'year_cos_2'] %}
        periods.{{ column }},
        {%- endfor %}
        {{ warehouse_forecaster.rounded('coalesce(closures.closed_share, 0)') }} as closed_share,
        {%- set age = warehouse_forecaster.periods_between(
            warehouse_forecaster.period_start('births.born_on', panel.frequency), 'spine.ds', panel.frequency
        ) %}
        {{ warehouse_forecaster.rounded('ln(1 + greatest(' ~ age ~ ', 0))') }} as item_age
    from {{ ref('warehouse_forecaster', 'int_spine') }} as spine
    inner join {{ panel.name }}_periods as periods on spine.ds = periods.ds
    inner join {{ panel.name }}_births as births on spine.unique_id = births.unique_id
    left join {{ panel.name }}_holidays as holidays
        on
            spine.ds = holidays.ds
            and {{ warehouse_forecaster.place_group(panel, 'spine.location_id', 'births.region', 'spine.unique_id') }} = holidays.place_group
    left join {{ ref('warehouse_forecaster', 'int_holiday_effects') }} as effects
        on
            effects.panel_name = '{{ nodes.name if nodes else panel.name }}'
            and spine.ds = effects.ds
            {%- if nodes %}
            and births.node = effects.place_group
            {%- else %}
            and {{ warehouse_forecaster.place_group(panel, 'spine.location_id', 'births.region', 'spine.unique_id') }} = effects.place_group
            {%- endif %}
    left join {{ ref('warehouse_forecaster', 'int_closures_by_period') }} as closures
        on
            spine.panel_name = closures.panel_name
            and spine.unique_id = closures.unique_id
            and spine.ds = closures.ds
    where spine.panel_name = '{{ panel.name }}'
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select * from {{ panel.name }}_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
