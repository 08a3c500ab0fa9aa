-- What became known of shoppers in each period; null in the future. An event counts where it was recorded, for a nightly load tells of
-- yesterday; one that comes later than the late-arrival window tells nothing about demand any more and does not count.
{%- set absent = warehouse_forecaster.absent_covariates().get('int_behaviour_covariates') %}
{{ config(
    materialized='view' if absent else 'incremental', incremental_strategy='replace_onwards', on_schema_change='sync_all_columns',
    post_hook=[] if absent else '{{ warehouse_forecaster.record_build() }}',
) }}
{% if absent %}
{{ warehouse_forecaster.constant_covariates(absent) }}
{% else %}
{%- set starts = warehouse_forecaster.rebuild_starts() %}
{%- set panels = warehouse_forecaster.get_panels() %}
{%- set counts = ['views', 'carts', 'wishlists', 'purchases'] %}
{#- As many views' worth of the long-run rate are added to a rate's short window, or one sale of one view would be certainty. #}
{%- set smoothing = 20 %}
{%- set late = warehouse_forecaster.business('late_arrival_periods') | int %}

with
{%- for panel in panels %}
{%- set windows = warehouse_forecaster.windows(panel) %}
{%- set keys = panel.grain %}
{%- if keys %}
{%- set period = warehouse_forecaster.period_start('recorded_on', panel.frequency) %}
{{ panel.name }}_events as (
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {{ period }} as ds,
        {%- for count in counts %}
        sum({{ count }}) as {{ count }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('warehouse_forecaster', 'int_events_by_day') }}
    where recorded_on < {{ warehouse_forecaster.period_add(
        warehouse_forecaster.period_start('occurred_on', panel.frequency), late + 1, panel.frequency
    ) }} and {{ warehouse_forecaster.since(starts, panel, 'recorded_on', windows.long - 1) }}
    group by all
),

{{ panel.name }}_joined as (
    select
        spine.panel_name,
        spine.unique_id,
        spine.ds,
        spine.is_future,
        {%- for count in counts %}
        cast(
            coalesce(own.{{ count }}, 0)
            {%- if 'location_id' in keys %} + coalesce(everywhere.{{ count }}, 0){% endif %} as double
        ) as {{ count }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('warehouse_forecaster', 'int_spine') }} as spine
    left join {{ panel.name }}_events as own
        on
            spine.ds = own.ds
            {%- for key in keys %}
            and spine.{{ key }} = own.{{ key }}
            {%- endfor %}
    {%- if 'location_id' in keys %}
    -- What was done online, at no location, is interest at every location.
    left join {{ panel.name }}_events as everywhere
        on
            spine.ds = everywhere.ds
            and everywhere.location_id = 'all'
            and spine.location_id <> 'all'
            {%- for key in keys if key != 'location_id' %}
            and spine.{{ key }} = everywhere.{{ key }}
            {%- endfor %}
    {%- endif %}
    where spine.panel_name = '{{ panel.name }}' and {{ warehouse_forecaster.since(starts, panel, 'spine.ds', windows.long - 1) }}
),

{{ panel.name }}_windows as (
    select
        *,
        {%- for count in ['views', 'carts', 'purchases'] %}
        sum({{ count }}) over (
            partition by unique_id order by ds rows between {{ windows.short - 1 }} preceding and current row
        ) as {{ count }}_short,
        sum({{ count }}) over (
            partition by unique_id order by ds rows between {{ windows.long - 1 }} preceding and current row
        ) as {{ count }}_long,
        {%- endfor %}
        avg(views) over (
            partition by unique_id order by ds rows between {{ windows.short - 1 }} preceding and current row
        ) as views_mean_short,
        avg(carts) over (
            partition by unique_id order by ds rows between {{ windows.short - 1 }} preceding and current row
        ) as carts_mean_short
    from {{ panel.name }}_joined
),

{{ panel.name }}_rows as (
    select
        *,
        {%- for rate, count in {'cart_rate': 'carts', 'conversion_rate': 'purchases'}.items() %}
        case
            when views_long > 0
                then least(({{ count }}_short + {{ smoothing }} * {{ count }}_long / views_long) / (views_short + {{ smoothing }}), 1)
            else 0
        end as {{ rate }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_windows
),
{%- else %}
{{ panel.name }}_rows as (
    select
        panel_name, unique_id, ds, is_future,
        0 as views, 0 as carts, 0 as wishlists, 0 as cart_rate, 0 as conversion_rate, 0 as views_mean_short, 0 as carts_mean_short
    from {{ ref('warehouse_forecaster', 'int_spine') }}
    where panel_name = '{{ panel.name }}'
),
{%- endif %}
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        unique_id,
        ds,
        {%- for column in ['views', 'carts', 'wishlists', 'cart_rate', 'conversion_rate', 'views_mean_short', 'carts_mean_short'] %}
        case when not is_future then {{ warehouse_forecaster.rounded(column) }} end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_rows
    where {{ warehouse_forecaster.since(starts, panel) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
{% endif %}
