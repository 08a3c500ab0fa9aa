-- Holidays by their names, as each group of places has them in its periods: a model of few series gives each an effect of its own. Names that
-- are a part of the calendar have their column in the panel.
{%- set panels = warehouse_forecaster.get_panels() %}

with
{%- for panel in panels %}
{{ panel.name }}_places as (
    select distinct
        places.panel_name,
        places.place_group,
        places.location_id,
        places.region,
        places.weight,
        holidays.name,
        {{ warehouse_forecaster.period_start('holidays.ds', panel.frequency) }} as ds
    from {{ ref('warehouse_forecaster', 'int_places') }} as places
    inner join {{ ref('warehouse_forecaster', 'int_holidays') }} as holidays
        on
            places.location_id = 'any'
            or (holidays.location_id is null and holidays.region is null)
            or holidays.location_id = places.location_id
            or (holidays.location_id is null and holidays.region = places.region)
    where
        places.panel_name = '{{ panel.name }}'
        and holidays.name is not null
        and not holidays.is_frequent
),

{{ panel.name }}_rows as (
    select
        periods.panel_name,
        places.place_group,
        periods.ds,
        periods.period_index,
        places.name,
        {{ warehouse_forecaster.rounded('sum(places.weight)') }} as share
    from {{ panel.name }}_places as places
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on places.panel_name = periods.panel_name and places.ds = periods.ds
    group by periods.panel_name, places.place_group, periods.ds, periods.period_index, places.name
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        place_group,
        ds,
        cast(period_index as integer) as period_index,
        name,
        share
    from {{ panel.name }}_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
