-- Who bought a series over the long window before; a share nobody told takes the shop's, and 0 before anyone did. Null in the future.
{%- set panels = warehouse_forecaster.get_panels() %}

with
{%- for panel in panels %}
{%- if 'customer_id' in panel.grain %}
-- A customer is its own audience.
{{ panel.name }}_rows as (
    select
        panel_name, unique_id, ds, is_future,
        0 as audience_size, 0 as audience_age, 0 as audience_female_share, 0 as audience_top_region_share
    from {{ ref('warehouse_forecaster', 'int_spine') }}
    where panel_name = '{{ panel.name }}'
),
{%- else %}
{%- set windows = warehouse_forecaster.windows(panel) %}
{%- set block = windows.short if panel.frequency == 'day' else 1 %}
{{ panel.name }}_shop as (
    select
        block,
        sum(ages) / nullif(sum(n_aged), 0) as audience_age,
        sum(n_female) / nullif(sum(n_gendered), 0) as audience_female_share,
        sum(n_top_region) / nullif(sum(n_placed), 0) as audience_top_region_share
    from {{ ref('warehouse_forecaster', 'int_audience') }}
    where panel_name = '{{ panel.name }}'
    group by block
),

{{ panel.name }}_rows as (
    select
        spine.panel_name,
        spine.unique_id,
        spine.ds,
        spine.is_future,
        coalesce(audience.n_customers, 0) as audience_size,
        coalesce(audience.ages / nullif(audience.n_aged, 0), shop.audience_age, 0) as audience_age,
        coalesce(
            audience.n_female / nullif(audience.n_gendered, 0), shop.audience_female_share, 0
        ) as audience_female_share,
        coalesce(
            audience.n_top_region / nullif(audience.n_placed, 0), shop.audience_top_region_share, 0
        ) as audience_top_region_share
    from {{ ref('warehouse_forecaster', 'int_spine') }} as spine
    -- The last block that had closed with the period.
    left join {{ ref('warehouse_forecaster', 'int_audience') }} as audience
        on
            audience.panel_name = '{{ panel.name }}'
            {%- for key in panel.grain %}
            and spine.{{ key }} = audience.{{ key }}
            {%- endfor %}
            and (spine.period_index + 1) // {{ block }} - 1 = audience.block
    left join {{ panel.name }}_shop as shop on (spine.period_index + 1) // {{ block }} - 1 = shop.block
    where spine.panel_name = '{{ panel.name }}'
),
{%- endif %}
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        unique_id,
        ds,
        {%- for column in ['audience_size', 'audience_age', 'audience_female_share', 'audience_top_region_share'] %}
        case when not is_future then round(cast({{ column }} as double), 6) end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
