-- Prices of each period: the plan as it stood a horizon before, and what was paid, which only the past knows.
{{ config(
    materialized='incremental', incremental_strategy='replace_onwards', on_schema_change='sync_all_columns',
    post_hook=['{{ warehouse_forecaster.write_other_parts() }}', '{{ warehouse_forecaster.record_build() }}'],
) }}
{%- set starts = warehouse_forecaster.rebuild_starts() %}
{%- set parts = warehouse_forecaster.series_parts(starts) %}
{%- set panels = warehouse_forecaster.get_panels() %}
{%- set method = warehouse_forecaster.imputation_method('price_paid', 'forward_fill') %}

with
{%- for panel in panels if 'item_id' in panel.grain %}
{%- set windows = warehouse_forecaster.windows(panel) %}
{%- set horizon = panel.horizon | int %}
{%- set has_location = 'location_id' in panel.grain %}
{%- set is_carried = has_location and panel.frequency == 'day' %}
{#- A change looks one period back, a relative price a horizon and a long window, and both at prices that were paid a horizon before. #}
{%- set back = 2 * horizon + windows.long %}
{%- set start = starts.get(panel.name) or '0001-01-01' %}
{%- set is_partial = start >= '0002' %}
{%- set read_from = warehouse_forecaster.period_add("date '" ~ start ~ "'", -back, panel.frequency) %}
{%- if warehouse_forecaster.has_input('prices') %}
{{ panel.name }}_keys as (
    select distinct item_id, location_id
    from {{ ref('warehouse_forecaster', 'int_price_plans') }}
    where panel_name = '{{ panel.name }}'
),

-- Whose plan each series follows: its location's where it has one, else the plan for all.
{{ panel.name }}_followed as (
    select
        series.unique_id,
        series.item_id,
        series.first_ds,
        places.location_id as place,
        coalesce(keys.location_id, 'all') as location_id
    from {{ ref('warehouse_forecaster', 'int_series') }} as series
    inner join {{ ref('warehouse_forecaster', 'int_places') }} as places
        on
            series.panel_name = places.panel_name
            and {{ warehouse_forecaster.place_group(
                {'grain': panel.grain | reject('equalto', 'customer_id') | list}, 'series.location_id', none
            ) }} = places.place_group
    left join {{ panel.name }}_keys as keys
        on
            series.item_id = keys.item_id
            and (places.location_id = keys.location_id or (places.location_id = 'any' and keys.location_id <> 'all'))
    where series.panel_name = '{{ panel.name }}' and {{ warehouse_forecaster.in_part(parts, 'series.unique_id') }}
),

{% if is_carried -%}
-- Plans neither overlap nor leave a gap, so each holds from its first day in the series until the next one's: carried forward below.
{{ panel.name }}_planned as (
    select
        followed.unique_id,
        greatest(plans.valid_from, followed.first_ds{{ ', ' ~ read_from if is_partial }}) as ds,
        plans.price,
        plans.is_imputed
    from {{ panel.name }}_followed as followed
    inner join {{ ref('warehouse_forecaster', 'int_price_plans') }} as plans
        on
            followed.item_id = plans.item_id
            and followed.location_id = plans.location_id
            and followed.first_ds < plans.valid_until
    where
        plans.panel_name = '{{ panel.name }}'
        and {{ warehouse_forecaster.since(starts, panel, 'plans.valid_until - 1', back) }}
),
{%- else -%}
-- The mean over the period's days and the series' places.
{{ panel.name }}_overlaps as (
    select
        followed.unique_id,
        periods.ds,
        plans.price,
        plans.is_imputed,
        cast(least(plans.valid_until, periods.period_end) - greatest(plans.valid_from, periods.ds) as integer) as n_days
    from {{ panel.name }}_followed as followed
    inner join {{ ref('warehouse_forecaster', 'int_price_plans') }} as plans
        on followed.item_id = plans.item_id and followed.location_id = plans.location_id
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on
            plans.panel_name = periods.panel_name
            and periods.ds < plans.valid_until
            and periods.period_end > plans.valid_from
    where
        plans.panel_name = '{{ panel.name }}'
        and periods.panel_name = '{{ panel.name }}'
        and {{ warehouse_forecaster.since(starts, panel, 'periods.ds', back) }}
),

{{ panel.name }}_planned as (
    select
        unique_id,
        ds,
        sum(price * n_days) / sum(n_days) as price,
        bool_or(is_imputed) as is_imputed
    from {{ panel.name }}_overlaps
    group by unique_id, ds
),
{%- endif %}
{%- else %}
{{ panel.name }}_planned as (
    select unique_id, ds, cast(null as double) as price, false as is_imputed
    from {{ ref('warehouse_forecaster', 'int_spine') }}
    where false
),
{%- endif %}

{#- A table of its own for each reader, where it is no more than one: what they shared would be held in memory whole. #}
{%- set paid %}
{%- if method == 'forward_fill' -%}
    (
        select
            unique_id,
            ds,
            price_paid,
            discount_paid,
            price_paid as price_paid_imputed
        from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
        where panel_name = '{{ panel.name }}' and {{ warehouse_forecaster.in_part(parts) }}
    )
{%- else -%}
    {{ panel.name }}_paid
{%- endif %}
{%- endset %}
{%- if method != 'forward_fill' %}
{{ panel.name }}_paid as (
    select
        demand.unique_id,
        demand.ds,
        demand.price_paid,
        demand.discount_paid,
        {{ warehouse_forecaster.impute(
            method, 'demand.price_paid', 'demand.unique_id', 'demand.ds', slot='periods.period_index % ' ~ windows.season
        ) }} as price_paid_imputed
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }} as demand
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on demand.panel_name = periods.panel_name and demand.ds = periods.ds
    where demand.panel_name = '{{ panel.name }}' and {{ warehouse_forecaster.in_part(parts, 'demand.unique_id') }}
),
{%- endif %}

-- What a unit cost on average in the whole shop, as far as the origin knew: for a series of which nothing is known.
{{ panel.name }}_paid_by_period as (
    select ds, sum(price_paid) as paid, count(price_paid) as n_paid
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
    where panel_name = '{{ panel.name }}'
    group by ds
),

{{ panel.name }}_shop as (
    select
        periods.ds,
        sum(by_period.paid) over (order by periods.ds rows between unbounded preceding and {{ horizon }} preceding)
        / sum(by_period.n_paid) over (order by periods.ds rows between unbounded preceding and {{ horizon }} preceding) as shop_price
    from {{ ref('warehouse_forecaster', 'int_periods') }} as periods
    left join {{ panel.name }}_paid_by_period as by_period on periods.ds = by_period.ds
    where periods.panel_name = '{{ panel.name }}'
),

{% if is_partial -%}
-- the last price paid before all that is read: a row of its own, further back than any frame of rows reaches
{{ panel.name }}_paid_before as (
    {%- for column in (['price_paid'] if method == 'forward_fill' else ['price_paid', 'price_paid_imputed']) %}
    select
        paid.unique_id,
        max(paid.ds) as ds,
        max_by(periods.period_index, paid.ds) as period_index,
        max_by(paid.price_paid, paid.ds) as price_paid,
        max_by(paid.price_paid_imputed, paid.ds) as price_paid_imputed
    from {{ paid }} as paid
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on periods.panel_name = '{{ panel.name }}' and paid.ds = periods.ds
    where paid.ds < {{ read_from }} and paid.{{ column }} is not null
    group by paid.unique_id
    {{- ', periods.period_index % ' ~ windows.season if method == 'seasonal_median' and column == 'price_paid_imputed' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),
{%- endif %}

{{ panel.name }}_joined as (
    select
        spine.unique_id,
        spine.ds,
        spine.period_index,
        spine.is_future,
        planned.price as planned_price,
        planned.is_imputed as is_planned_imputed,
        items.list_price,
        items.is_list_price_imputed,
        coalesce(nullif(items.list_price, 0), shop.shop_price, 0) as guessed_price,
        paid.price_paid,
        paid.discount_paid,
        paid.price_paid_imputed
    from {{ ref('warehouse_forecaster', 'int_spine') }} as spine
    left join {{ panel.name }}_planned as planned on spine.unique_id = planned.unique_id and spine.ds = planned.ds
    left join {{ paid }} as paid
        on
            spine.unique_id = paid.unique_id
            and spine.ds = paid.ds
            and {{ warehouse_forecaster.since(starts, panel, 'paid.ds', back) }}
    left join {{ ref('warehouse_forecaster', 'int_item_attributes') }} as items on spine.item_id = items.item_id
    left join {{ panel.name }}_shop as shop on spine.ds = shop.ds
    where
        spine.panel_name = '{{ panel.name }}'
        and {{ warehouse_forecaster.since(starts, panel, 'spine.ds', back) }}
        and {{ warehouse_forecaster.in_part(parts, 'spine.unique_id') }}
    {%- if is_partial %}
    union all
    select
        unique_id,
        ds,
        period_index,
        false as is_future,
        null as planned_price,
        null as is_planned_imputed,
        null as list_price,
        null as is_list_price_imputed,
        null as guessed_price,
        price_paid,
        null as discount_paid,
        price_paid_imputed
    from {{ panel.name }}_paid_before
    {%- endif %}
),

{{ panel.name }}_filled as (
    select
        unique_id,
        ds,
        is_future,
        {%- for column in ['planned_price', 'is_planned_imputed'] %}
        {{ warehouse_forecaster.last_known(column, 'unique_id', 'ds') if is_carried else column }} as {{ column }},
        {%- endfor %}
        list_price,
        is_list_price_imputed,
        guessed_price,
        price_paid,
        discount_paid,
        -- the last price paid that the origin knew
        {{ warehouse_forecaster.last_known('price_paid', 'unique_id', 'ds', horizon) }} as last_paid,
        {{ warehouse_forecaster.last_known(
            'price_paid_imputed',
            'unique_id' ~ (', period_index % ' ~ windows.season if method == 'seasonal_median' else ''),
            'ds'
        ) }} as paid_before
    from {{ panel.name }}_joined
),

-- Without a plan: the last price paid that the origin knew, else the item's own list price.
{{ panel.name }}_priced as (
    select
        *,
        coalesce(planned_price, last_paid, case when not is_list_price_imputed then list_price end) as known_price
    from {{ panel.name }}_filled
),

{{ panel.name }}_rows as (
    select
        '{{ panel.name }}' as panel_name,
        unique_id,
        ds,
        coalesce(known_price, guessed_price) as price,
        -- A step from a guess to a price is no change of price: neither counts guesses.
        coalesce(known_price / lag(known_price) over (partition by unique_id order by ds) - 1, 0) as price_change,
        coalesce(known_price / avg(known_price) over (
            partition by unique_id order by ds rows between {{ horizon + windows.long - 1 }} preceding and {{ horizon }} preceding
        ), 1) as relative_price,
        case
            when is_list_price_imputed then 0
            else coalesce(greatest(-1, 1 - known_price / list_price), 0)
        end as price_discount,
        coalesce(is_planned_imputed, true) as is_price_imputed,
        case when not is_future then coalesce(price_paid, paid_before, known_price, guessed_price) end as price_paid,
        not is_future and price_paid is null as is_price_paid_imputed,
        case when not is_future then coalesce(discount_paid, 0) end as discount_paid
    from {{ panel.name }}_priced
),
{% endfor %}
{%- for panel in panels if 'item_id' not in panel.grain %}
-- Without an item there is no price.
{{ panel.name }}_rows as (
    select
        panel_name,
        unique_id,
        ds,
        0 as price,
        0 as price_change,
        1 as relative_price,
        0 as price_discount,
        false as is_price_imputed,
        case when not is_future then 0 end as price_paid,
        false as is_price_paid_imputed,
        case when not is_future then 0 end as discount_paid
    from {{ ref('warehouse_forecaster', 'int_spine') }}
    where panel_name = '{{ panel.name }}' and {{ warehouse_forecaster.in_part(parts) }}
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        unique_id,
        ds,
        {{ warehouse_forecaster.rounded('price') }} as price,
        {{ warehouse_forecaster.rounded('price_change') }} as price_change,
        {{ warehouse_forecaster.rounded('relative_price') }} as relative_price,
        {{ warehouse_forecaster.rounded('price_discount') }} as price_discount,
        is_price_imputed,
        {{ warehouse_forecaster.rounded('price_paid') }} as price_paid,
        is_price_paid_imputed,
        {{ warehouse_forecaster.rounded('discount_paid') }} as discount_paid
    from {{ panel.name }}_rows
    where {{ warehouse_forecaster.since(starts, panel) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
