-- Every day on which a promotion runs for an item or for all, as each panel knew it a horizon before (planned) and at its close (realised).
{%- set panels = warehouse_forecaster.get_panels() %}
{%- set far = "cast('9999-12-31' as date)" %}

with promotions as (
    select
        promotion_id,
        item_id,
        category,
        coalesce(location_id, 'all') as location_id,
        starts_on,
        ends_on,
        coalesce(discount, 0) as discount,
        known_at
    from {{ ref('warehouse_forecaster', 'stg_promotions') }}
    where promotion_id is not null and {{ warehouse_forecaster.rejection_reason('promotions') }} is null
),

seen as (
    {%- for panel in panels %}
    select
        *,
        '{{ panel.name }}' as panel_name,
        'planned' as view_of,
        {{ warehouse_forecaster.visible_from('known_at', panel.frequency, panel.horizon | int) }} as visible_from
    from promotions
    union all
    select
        *,
        '{{ panel.name }}' as panel_name,
        'realised' as view_of,
        {{ warehouse_forecaster.visible_from('known_at', panel.frequency, -1) }} as visible_from
    from promotions
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A later word on the same promotion, item and place takes the place of the earlier.
versions as (
    select
        panel_name,
        view_of,
        promotion_id,
        item_id,
        category,
        location_id,
        discount,
        greatest(starts_on, visible_from) as starts_on,
        least(ends_on + 1, coalesce(lead(visible_from) over (
            partition by panel_name, view_of, promotion_id, item_id, category, location_id
            order by known_at nulls first, starts_on, ends_on, discount
        ), {{ far }})) as ends_before
    from seen
),

span as (
    select min(ds) as first_day, max(period_end) as last_day
    from {{ ref('warehouse_forecaster', 'int_periods') }}
),

days as (
    {{ warehouse_forecaster.date_series('(select first_day from span)', '(select last_day - 1 from span)') }}
),

final as (
    select
        versions.panel_name,
        versions.view_of,
        versions.item_id,
        versions.category,
        versions.location_id,
        days.day_on,
        cast(max(versions.discount) as double) as discount
    from versions
    inner join days on versions.starts_on <= days.day_on and versions.ends_before > days.day_on
    group by versions.panel_name, versions.view_of, versions.item_id, versions.category, versions.location_id, days.day_on
)

select * from final
