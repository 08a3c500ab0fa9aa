-- Which days the business is closed, as one could know a horizon ahead: days given as closed, and weekdays on which nothing at all
-- was sold on the last eight of them while at least half of all days traded. Only rows with a closed day.
with lines as (
    select * from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
),

closures as (
    select * from {{ ref('warehouse_forecaster', 'stg_closures') }}
    where ds is not null
),

-- a closure names a location, or a region and so its locations, or neither and so all
given as (
    select
        closures.ds as day,
        closures.location_id
    from closures
    where closures.location_id is not null
    union
    select
        closures.ds as day,
        places.location_id
    from closures
    inner join {{ ref('warehouse_forecaster', 'stg_locations') }} as places on closures.region = places.region
    where closures.location_id is null and places.location_id is not null
    union
    select
        closures.ds as day,
        'all' as location_id
    from closures
    where closures.location_id is null and closures.region is null
),

periods as (
    select * from {{ ref('warehouse_forecaster', 'int_periods') }}
),

demand_days as (
    select
        demand_on,
        location_id,
        min(recorded_at) as first_recorded_at
    from lines
    group by demand_on, location_id
),

-- what was recorded when the day closed
known_days as (
    select
        demand_on,
        location_id
    from demand_days
    where first_recorded_at < {{ warehouse_forecaster.closes_at('demand_on + 1') }}
),

locations as (
    select
        location_id,
        min(demand_on) as first_day
    from known_days
    group by location_id
),

bounds as (
    select
        min(ds) as first_day,
        max(period_end) as end_day
    from periods
),

numbers as (
    select
        first_day,
        cast({{ warehouse_forecaster.explode_numbers('cast(end_day - first_day as integer)') }} as integer) as n
    from bounds
    where first_day is not null
),

calendar as (
    select first_day + n as day
    from numbers
),

trading as (
    select
        calendar.day,
        {{ warehouse_forecaster.periods_between("date '2001-01-01'", 'calendar.day', 'day') }} % 7 as day_of_week,
        case when max(known_days.demand_on) is null then 0 else 1 end as is_trading
    from calendar
    left join known_days on calendar.day = known_days.demand_on
    group by calendar.day
),

looking_back as (
    select
        day,
        sum(is_trading) over (partition by day_of_week order by day rows between 7 preceding and current row) as n_traded,
        count(*) over (partition by day_of_week order by day rows between 7 preceding and current row) as n_days,
        avg(is_trading) over (order by day rows between 55 preceding and current row) as trading_share
    from trading
),

learned as (
    select day
    from looking_back
    where n_traded = 0 and n_days = 8 and trading_share >= 0.5
),

{% for panel in warehouse_forecaster.get_panels() %}
{{ panel.name }}_days as (
    select
        periods.ds,
        periods.period_end,
        calendar.day,
        -- the last day known when the forecast of this period was made
        {{ warehouse_forecaster.period_add('periods.ds', -panel.horizon, panel.frequency) }} - 1 as known_until
    from periods
    inner join calendar on calendar.day >= periods.ds and calendar.day < periods.period_end
    where periods.panel_name = '{{ panel.name }}'
),

{{ panel.name }}_open_days as (
    select
        days.ds,
        days.period_end,
        days.day,
        {%- if 'location_id' in panel.grain %}
        locations.location_id,
        {%- endif %}
        case
            when learned.day is not null or everywhere.day is not null or here.day is not null then 1.0
            else 0.0
        end as is_closed
    from {{ panel.name }}_days as days
    {%- if 'location_id' in panel.grain %}
    cross join locations
    {%- else %}
    left join locations on locations.first_day <= days.known_until
    {%- endif %}
    -- the same weekday, as many whole weeks back as needed
    left join learned
        on days.day - 7 * cast(ceil((days.day - days.known_until) / 7.0) as integer) = learned.day
    left join given as everywhere on days.day = everywhere.day and everywhere.location_id = 'all'
    left join given as here on days.day = here.day and locations.location_id = here.location_id and here.location_id <> 'all'
),

{{ panel.name }}_shares as (
    select
        ds,
        {{ 'location_id,' if 'location_id' in panel.grain }}
        avg(is_closed) as closed_share
    from {{ panel.name }}_open_days
    group by ds{{ ', location_id' if 'location_id' in panel.grain }}
    having max(is_closed) > 0
),

{{ panel.name }}_closures as (
    select
        series.panel_name,
        series.unique_id,
        shares.ds,
        shares.closed_share
    from {{ ref('warehouse_forecaster', 'int_series') }} as series
    inner join {{ panel.name }}_shares as shares
        on
            series.first_ds <= shares.ds
            {{ 'and series.location_id = shares.location_id' if 'location_id' in panel.grain }}
    where series.panel_name = '{{ panel.name }}'
),
{% endfor %}

final as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select * from {{ panel.name }}_closures
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
