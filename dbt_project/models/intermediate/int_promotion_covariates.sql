-- The share of each period's days on promotion and the mean discount over its days: as planned a horizon before, and as it was.
{{ config(materialized='view') }}
{%- set panels = warehouse_forecaster.get_panels() %}

with
{%- for panel in panels %}
{%- set places_of = {'grain': panel.grain | reject('equalto', 'customer_id') | list, 'nodes_of': panel.nodes_of} %}
-- A promotion names an item, a category, or neither: then it is for all. A series without an item sees only those.
{{ panel.name }}_item_days as (
    {%- if 'item_id' in panel.grain %}
    select plans.view_of, plans.item_id, plans.location_id, plans.day_on, plans.discount
    from {{ ref('warehouse_forecaster', 'int_promotion_plans') }} as plans
    where plans.panel_name = '{{ panel.name }}' and plans.item_id is not null
    union all
    select plans.view_of, items.item_id, plans.location_id, plans.day_on, plans.discount
    from {{ ref('warehouse_forecaster', 'int_promotion_plans') }} as plans
    inner join {{ ref('warehouse_forecaster', 'int_item_attributes') }} as items
        on plans.category = items.category or plans.category is null
    where plans.panel_name = '{{ panel.name }}' and plans.item_id is null
    {%- else %}
    select view_of, cast(null as varchar) as item_id, location_id, day_on, discount
    from {{ ref('warehouse_forecaster', 'int_promotion_plans') }}
    where panel_name = '{{ panel.name }}' and item_id is null and category is null
    {%- endif %}
),

{{ panel.name }}_items as (
    select
        series.unique_id,
        series.item_id,
        {{ warehouse_forecaster.place_group(places_of, 'series.location_id', none, 'series.unique_id') }} as place_group
    from {{ ref('warehouse_forecaster', 'int_series') }} as series
    where series.panel_name = '{{ panel.name }}'
),

-- One row per series, place and day, however many promotions run on it.
{{ panel.name }}_days as (
    select
        item_days.view_of,
        items.unique_id,
        places.location_id,
        item_days.day_on,
        max(places.weight) as weight,
        max(item_days.discount) as discount
    from {{ panel.name }}_item_days as item_days
    inner join {{ panel.name }}_items as items
        on {{ 'item_days.item_id = items.item_id' if 'item_id' in panel.grain else 'true' }}
    inner join {{ ref('warehouse_forecaster', 'int_places') }} as places
        on
            places.panel_name = '{{ panel.name }}'
            and items.place_group = places.place_group
            and (item_days.location_id in ('all', places.location_id) or places.location_id = 'any')
    group by item_days.view_of, items.unique_id, places.location_id, item_days.day_on
),

{{ panel.name }}_periods as (
    select
        view_of,
        unique_id,
        {{ warehouse_forecaster.period_start('day_on', panel.frequency) }} as ds,
        sum(weight) as promoted_days,
        sum(weight * discount) as discount_days
    from {{ panel.name }}_days
    group by view_of, unique_id, {{ warehouse_forecaster.period_start('day_on', panel.frequency) }}
),

{{ panel.name }}_rows as (
    select
        spine.panel_name,
        spine.unique_id,
        spine.ds,
        coalesce(planned.promoted_days / periods.n_days, 0) as is_promoted,
        coalesce(planned.discount_days / periods.n_days, 0) as promotion_discount,
        case when not spine.is_future then coalesce(realised.promoted_days / periods.n_days, 0) end as was_promoted
    from {{ ref('warehouse_forecaster', 'int_spine') }} as spine
    inner join (
        select ds, period_end - ds as n_days
        from {{ ref('warehouse_forecaster', 'int_periods') }}
        where panel_name = '{{ panel.name }}'
    ) as periods on spine.ds = periods.ds
    left join {{ panel.name }}_periods as planned
        on planned.view_of = 'planned' and spine.unique_id = planned.unique_id and spine.ds = planned.ds
    left join {{ panel.name }}_periods as realised
        on realised.view_of = 'realised' and spine.unique_id = realised.unique_id and spine.ds = realised.ds
    where spine.panel_name = '{{ panel.name }}'
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        unique_id,
        ds,
        -- Weights are shares of places: their sum may be off by a rounding.
        {{ warehouse_forecaster.rounded('least(is_promoted, 1)') }} as is_promoted,
        {{ warehouse_forecaster.rounded('promotion_discount') }} as promotion_discount,
        case when was_promoted is not null then {{ warehouse_forecaster.rounded('least(was_promoted, 1)') }} end as was_promoted
    from {{ panel.name }}_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
