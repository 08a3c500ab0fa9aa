-- What a holiday of this name did before to the demand of a group of places, on the day itself and near it: the mean log ratio of demand to its
-- level, the median of the same weekdays around. Every occurrence counts from when its surroundings were known a horizon before. A mean
-- within its error is no effect: it is shrunk by what its variance leaves of it (James and Stein, 1961) and for how seldom it was seen.
{%- set panels = warehouse_forecaster.effect_panels() %}
{#- Seasons on either side that make the level, periods of a season, periods on either side that a holiday reaches. -#}
{%- set by_frequency = {'day': (4, 7, 3), 'week': (4, 1, 1), 'month': (2, 1, 0)} %}
{#- Beyond this a ratio says that it was closed, or open for the first time, not how much. -#}
{%- set furthest = 3 %}

with
holidays as (
    select * from {{ ref('warehouse_forecaster', 'int_holidays') }}
    where name is not null and not is_frequent
),

place_holidays as (
    select distinct
        places.panel_name,
        places.place_group,
        holidays.name,
        holidays.ds
    from {{ ref('warehouse_forecaster', 'int_places') }} as places
    inner join holidays
        on
            places.location_id = 'any'
            or (holidays.location_id is null and holidays.region is null)
            or holidays.location_id = places.location_id
            or (holidays.location_id is null and holidays.region = places.region)
),
{% for panel in panels %}
{%- set reach, step, near = by_frequency[panel.frequency] %}
{{ panel.name }}_sold as (
    select
        series.first_ds,
        {{ warehouse_forecaster.place_group(panel, 'series.location_id', 'customers.region', 'series.unique_id') }} as place_group,
        demand.ds,
        demand.quantity
    from {{ ref('warehouse_forecaster', 'int_series') }} as series
    {%- if 'customer_id' in panel.grain %}
    left join {{ ref('warehouse_forecaster', 'int_customer_attributes') }} as customers on series.customer_id = customers.customer_id
    {%- endif %}
    left join {{ ref('warehouse_forecaster', 'int_demand_by_period') }} as demand
        on series.panel_name = demand.panel_name and series.unique_id = demand.unique_id and demand.quantity <> 0
    where series.panel_name = '{{ panel.name }}'
),

{{ panel.name }}_sold_by_period as (
    select
        place_group,
        ds,
        sum(quantity) as quantity
    from {{ panel.name }}_sold
    group by place_group, ds
),

{{ panel.name }}_starts as (
    select
        place_group,
        min(first_ds) as first_ds
    from {{ panel.name }}_sold
    group by place_group
),

-- dense from the first series of a group on
{{ panel.name }}_demand as (
    select
        starts.place_group,
        periods.period_index,
        periods.period_index % {{ step }} as slot,
        periods.period_index // {{ step }} as cycle,
        greatest(coalesce(sold.quantity, 0), 0) as y
    from {{ panel.name }}_starts as starts
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on periods.panel_name = '{{ panel.name }}' and starts.first_ds <= periods.ds
    left join {{ panel.name }}_sold_by_period as sold
        on starts.place_group = sold.place_group and periods.ds = sold.ds
),

{{ panel.name }}_trailing as (
    select
        *,
        {{ warehouse_forecaster.trailing_quantile('y', 0.5, 'cycle', 2 * reach + 1, ['place_group', 'slot']) }} as level
    from {{ panel.name }}_demand
),

-- what trails the season after the last of the surroundings lies around this one
{{ panel.name }}_levels as (
    select
        place_group,
        period_index,
        y,
        lead(level, {{ reach + 1 }}) over (partition by place_group, slot order by cycle) as level
    from {{ panel.name }}_trailing
),

{{ panel.name }}_ratios as (
    select
        place_group,
        period_index,
        greatest(-{{ furthest }}, least({{ furthest }}, ln((y + 1) / (level + 1)))) as ratio
    from {{ panel.name }}_levels
    where y is not null and level is not null
),

{{ panel.name }}_occurrences as (
    select
        place_holidays.place_group,
        place_holidays.name,
        {{ warehouse_forecaster.periods_between(
            'bounds.first_period', warehouse_forecaster.period_start('place_holidays.ds', panel.frequency), panel.frequency
        ) }} as period_index
    from place_holidays
    cross join (
        select min(ds) as first_period
        from {{ ref('warehouse_forecaster', 'int_periods') }}
        where panel_name = '{{ panel.name }}'
    ) as bounds
    where place_holidays.panel_name = '{{ panel.name }}'
    group by all
),

{{ panel.name }}_offsets as (
    {{ warehouse_forecaster.number_series(-near, near) }}
),

-- a day near one holiday that is another speaks of that other alone
{{ panel.name }}_marks as (
    select
        occurrences.place_group,
        occurrences.name,
        offsets.n as days_after,
        occurrences.period_index + offsets.n as period_index
    from {{ panel.name }}_occurrences as occurrences
    cross join {{ panel.name }}_offsets as offsets
    left join (select distinct place_group, period_index from {{ panel.name }}_occurrences) as others
        on
            occurrences.place_group = others.place_group
            and occurrences.period_index + offsets.n = others.period_index
            and offsets.n <> 0
    where others.place_group is null
),

-- the noise around which an effect must rise: that of periods with no holiday near
{{ panel.name }}_noise as (
    select
        ratios.place_group,
        ratios.period_index,
        ratios.ratio,
        var_pop(case when marks.place_group is null then ratios.ratio end) over (
            partition by ratios.place_group order by ratios.period_index rows between unbounded preceding and current row
        ) as noise
    from {{ panel.name }}_ratios as ratios
    left join (select distinct place_group, period_index from {{ panel.name }}_marks) as marks
        on ratios.place_group = marks.place_group and ratios.period_index = marks.period_index
),

{{ panel.name }}_observed as (
    select
        marks.place_group,
        marks.name,
        marks.days_after,
        marks.period_index,
        noise.ratio,
        noise.noise
    from {{ panel.name }}_marks as marks
    inner join {{ panel.name }}_noise as noise
        on marks.place_group = noise.place_group and marks.period_index = noise.period_index
),

{{ panel.name }}_known as (
    select
        marks.place_group,
        marks.name,
        marks.period_index,
        avg(observed.ratio) as mean,
        greatest(coalesce(max_by(observed.noise, observed.period_index), 0), coalesce(var_samp(observed.ratio), 0))
        / count(*) as variance,
        count(*) as n
    from {{ panel.name }}_marks as marks
    inner join {{ panel.name }}_observed as observed
        on
            marks.place_group = observed.place_group
            and marks.name = observed.name
            and marks.days_after = observed.days_after
            and marks.period_index >= observed.period_index + {{ (reach + 1) * step + panel.horizon | int }}
    group by marks.place_group, marks.name, marks.days_after, marks.period_index
),

{{ panel.name }}_effects as (
    select
        place_group,
        name,
        period_index,
        mean * greatest(0, 1 - variance / nullif(mean * mean, 0)) * n / (n + 0.5) as effect
    from {{ panel.name }}_known
),

-- of several holidays near, the strongest
{{ panel.name }}_rows as (
    select
        periods.panel_name,
        effects.place_group,
        periods.ds,
        max_by(effects.effect, row(abs(effects.effect), effects.name)) as holiday_effect
    from {{ panel.name }}_effects as effects
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on periods.panel_name = '{{ panel.name }}' and effects.period_index = periods.period_index
    where effects.effect <> 0
    group by periods.panel_name, effects.place_group, periods.ds
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        place_group,
        ds,
        {{ warehouse_forecaster.rounded('holiday_effect') }} as holiday_effect
    from {{ panel.name }}_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
