-- Holidays as each group of places has them: their share of the period's days, the days to the next and since the last.
{%- set panels = warehouse_forecaster.get_panels() %}
{#- Beyond four weeks a holiday has no pull; a longer reach would only say how far the table of holidays goes. #}
{%- set reach = 28 %}

with holidays as (
    select * from {{ ref('warehouse_forecaster', 'int_holidays') }}
),

span as (
    select min(ds) as first_day, max(period_end) as last_day
    from {{ ref('warehouse_forecaster', 'int_periods') }}
),

days as (
    {{ warehouse_forecaster.date_series('(select first_day - ' ~ reach ~ ' from span)', '(select last_day + ' ~ reach ~ ' from span)') }}
),

places as (
    select distinct location_id, region
    from {{ ref('warehouse_forecaster', 'int_places') }}
),

place_holidays as (
    select
        places.location_id,
        places.region,
        holidays.ds,
        bool_or(not holidays.is_frequent) as is_rare,
        bool_or(holidays.is_frequent) as is_frequent
    from places
    inner join holidays
        on
            places.location_id = 'any'
            or (holidays.location_id is null and holidays.region is null)
            or holidays.location_id = places.location_id
            or (holidays.location_id is null and holidays.region = places.region)
    group by places.location_id, places.region, holidays.ds
),

place_days as (
    select
        places.location_id,
        places.region,
        days.day_on,
        case when place_holidays.is_rare then days.day_on end as holiday_on,
        coalesce(place_holidays.is_frequent, false) as is_frequent
    from places
    cross join days
    left join place_holidays
        on
            days.day_on = place_holidays.ds
            and places.location_id is not distinct from place_holidays.location_id
            and places.region is not distinct from place_holidays.region
),

distances as (
    select
        location_id,
        region,
        day_on,
        cast(holiday_on is not null as integer) as is_holiday,
        cast(is_frequent as integer) as is_frequent_holiday,
        coalesce(min(holiday_on) over (
            partition by location_id, region order by day_on rows between current row and {{ reach }} following
        ) - day_on, {{ reach }}) as days_to_holiday,
        coalesce(day_on - max(holiday_on) over (
            partition by location_id, region order by day_on rows between {{ reach }} preceding and current row
        ), {{ reach }}) as days_since_holiday
    from place_days
),
{% for panel in panels %}
{{ panel.name }}_periods as (
    select
        periods.panel_name,
        places.place_group,
        periods.ds,
        sum(distances.is_holiday * places.weight)
        / sum(places.weight) as is_holiday,
        sum(distances.is_frequent_holiday * places.weight)
        / sum(places.weight) as is_frequent_holiday,
        sum(case when distances.day_on = periods.ds then distances.days_to_holiday * places.weight end)
        / sum(case when distances.day_on = periods.ds then places.weight end) as days_to_holiday,
        sum(case when distances.day_on = periods.ds then distances.days_since_holiday * places.weight end)
        / sum(case when distances.day_on = periods.ds then places.weight end) as days_since_holiday
    from {{ ref('warehouse_forecaster', 'int_periods') }} as periods
    inner join {{ ref('warehouse_forecaster', 'int_places') }} as places on periods.panel_name = places.panel_name
    inner join distances
        on
            places.location_id is not distinct from distances.location_id
            and places.region is not distinct from distances.region
            and {{ warehouse_forecaster.period_start('distances.day_on', panel.frequency) }} = periods.ds
    where periods.panel_name = '{{ panel.name }}'
    group by periods.panel_name, places.place_group, periods.ds
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select * from {{ panel.name }}_periods
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
