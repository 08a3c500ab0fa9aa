-- Where a panel's series are: plans of these places, weighted, are the plans of the series' group of places.
{%- set panels = warehouse_forecaster.get_panels() %}

with locations as (
    select location_id, max(region) as region
    from {{ ref('warehouse_forecaster', 'stg_locations') }}
    where location_id is not null
    group by location_id
),

-- The mean of all locations; without a table of locations one place that sees every plan.
anywhere as ( -- noqa: ST03, only panels without locations use it
    select location_id, region, 1.0 / count(*) over () as weight
    from locations
    union all
    select 'any' as location_id, cast(null as varchar) as region, 1.0 as weight
    where not exists (select 1 from locations)
),
{% for panel in panels %}
{%- if panel.nodes_of %}
-- a node is where its id says, and everywhere where that says nothing; a place that no table lists is still a place
{{ panel.name }}_places as (
    select
        nodes.panel_name,
        nodes.unique_id as place_group,
        coalesce(anywhere.location_id, nodes.location_id) as location_id,
        coalesce(anywhere.region, nodes.region, nodes.customer_region) as region,
        1.0 / count(*) over (partition by nodes.unique_id) as weight
    from {{ ref('warehouse_forecaster', 'int_nodes') }} as nodes
    left join anywhere
        on
            coalesce(nodes.location_id = anywhere.location_id, nodes.location_id is null)
            and coalesce(
                coalesce(nodes.region, nodes.customer_region) = anywhere.region, coalesce(nodes.region, nodes.customer_region) is null
            )
    where nodes.panel_name = '{{ panel.name }}'
),
{%- elif 'location_id' in panel.grain %}
{{ panel.name }}_places as (
    select
        series.panel_name,
        series.location_id as place_group,
        series.location_id,
        max(locations.region) as region,
        1.0 as weight
    from {{ ref('warehouse_forecaster', 'int_series') }} as series
    left join locations on series.location_id = locations.location_id
    where series.panel_name = '{{ panel.name }}'
    group by series.panel_name, series.location_id
),
{%- else %}
{{ panel.name }}_places as (
    select '{{ panel.name }}' as panel_name, 'any' as place_group, location_id, region, weight
    from anywhere
    {%- if 'customer_id' in panel.grain %}
    union all
    select distinct '{{ panel.name }}' as panel_name, region as place_group, cast(null as varchar) as location_id, region, 1.0 as weight
    from {{ ref('warehouse_forecaster', 'int_customer_attributes') }}
    where region is not null
    {%- endif %}
),
{%- endif %}
{% endfor %}
final as (
    {%- for panel in panels %}
    select panel_name, place_group, location_id, region, cast(weight as double) as weight from {{ panel.name }}_places
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
