with demand as (
    select
        panel_name,
        unique_id,
        item_id,
        location_id,
        customer_id,
        min(known_from) as first_ds
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
    where known_from is not null
    group by panel_name, unique_id, item_id, location_id, customer_id
),

bounds as (
    select
        panel_name,
        min(ds) as first_period,
        max(ds) as last_period
    from {{ ref('warehouse_forecaster', 'int_periods') }}
    where is_complete
    group by panel_name
),

launches as (
    select
        item_id,
        min(launched_on) as launched_on
    from {{ ref('warehouse_forecaster', 'stg_items') }}
    where item_id is not null and launched_on is not null
    group by item_id
),

{% for panel in warehouse_forecaster.get_panels() %}
{%- set is_by_item = panel.grain | list == ['item_id'] %}
-- {{ panel.name }}
{%- if is_by_item %}: an item stands from its launch, sold or not; where it is sold at several places nobody says where it was launched
{%- endif %}
{{ panel.name }}_launches as (
    select
        '{{ panel.name }}' as panel_name,
        {{ warehouse_forecaster.join_id(['launches.item_id']) }} as unique_id,
        launches.item_id,
        cast(null as varchar) as location_id,
        cast(null as varchar) as customer_id,
        {{ warehouse_forecaster.period_start('launches.launched_on', panel.frequency) }} as first_ds
    from launches
    inner join bounds
        on
            bounds.panel_name = '{{ panel.name }}'
            and {{ warehouse_forecaster.period_start('launches.launched_on', panel.frequency) }} > bounds.first_period
    where {{ 'true' if is_by_item else 'false' }}
),
{% endfor %}

starts as (
    select * from demand
    {%- for panel in warehouse_forecaster.get_panels() %}
    union all
    select * from {{ panel.name }}_launches
    {%- endfor %}
),

series as (
    select
        panel_name,
        unique_id,
        item_id,
        location_id,
        customer_id,
        min(first_ds) as first_ds
    from starts
    group by panel_name, unique_id, item_id, location_id, customer_id
),

final as (
    select series.*
    from series
    inner join bounds
        on
            series.panel_name = bounds.panel_name
            and series.first_ds <= bounds.last_period
)

select * from final
