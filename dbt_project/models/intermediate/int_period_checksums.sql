-- What each period of a panel is made of, as one number. Rows are small beside the panel: what is dense (spine, target, covariates) follows
-- from them. A row counts in the first period that it can change.
{%- set absent = warehouse_forecaster.absent_covariates() %}
{%- set late = warehouse_forecaster.business('late_arrival_periods') | int %}
{%- set panels = warehouse_forecaster.get_panels() %}
{%- set nodes_of = {} %}
{%- for panel in panels if panel.nodes_of %}
{%- do nodes_of.update({panel.nodes_of: panel}) %}
{%- endfor %}

with
{%- for panel in panels %}
{%- set windows = warehouse_forecaster.windows(panel) %}
{%- set nodes = nodes_of.get(panel.name) %}
{%- set has_item = 'item_id' in panel.grain %}
{%- set has_customer = 'customer_id' in panel.grain %}
{%- set is_by_place = 'location_id' in panel.grain or panel.nodes_of %}
{{ panel.name }}_bounds as (
    select min(ds) as first_ds
    from {{ ref('warehouse_forecaster', 'int_periods') }}
    where panel_name = '{{ panel.name }}'
),

{{ panel.name }}_rows as (
    select
        ds,
        {{ warehouse_forecaster.hashed(["'period'", 'period_end', 'period_index', 'is_future']) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_periods') }}
    where panel_name = '{{ panel.name }}'

    union all
    select
        series.first_ds as ds,
        {%- set columns = ["'series'", 'series.unique_id', 'series.item_id', 'series.location_id', 'series.customer_id'] %}
        {%- if has_item %}
        {%- do columns.extend(['items.category', 'items.launched_on', 'items.list_price', 'items.is_list_price_imputed']) %}
        {%- endif %}
        {%- if has_customer %}
        {%- do columns.extend(['customers.region', 'customers.joined_on']) %}
        {%- endif %}
        {%- if nodes %}
        {%- do columns.append('hierarchy.node_id') %}
        {%- endif %}
        {{ warehouse_forecaster.hashed(columns) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_series') }} as series
    {%- if has_item %}
    left join {{ ref('warehouse_forecaster', 'int_item_attributes') }} as items on series.item_id = items.item_id
    {%- endif %}
    {%- if has_customer %}
    left join {{ ref('warehouse_forecaster', 'int_customer_attributes') }} as customers on series.customer_id = customers.customer_id
    {%- endif %}
    {%- if nodes %}
    left join {{ ref('warehouse_forecaster', 'hierarchy') }} as hierarchy
        on
            series.panel_name = hierarchy.panel_name
            and hierarchy.level = '{{ warehouse_forecaster.level_name(nodes.node_levels | last) }}'
            and series.unique_id = hierarchy.unique_id
    {%- endif %}
    where series.panel_name = '{{ panel.name }}'

    -- a new place is nothing to the series elsewhere; where all places count together, it is to all
    union all
    select
        {{ 'coalesce(groups.first_ds, bounds.first_ds)' if is_by_place else 'bounds.first_ds' }} as ds,
        {{ warehouse_forecaster.hashed([
            "'place'", 'places.place_group', 'places.location_id', 'places.region', warehouse_forecaster.rounded('places.weight')
        ]) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_places') }} as places
    cross join {{ panel.name }}_bounds as bounds
    {%- if is_by_place %}
    left join (
        select
            {{ warehouse_forecaster.place_group(panel, 'location_id', none, 'unique_id') }} as place_group,
            min(first_ds) as first_ds
        from {{ ref('warehouse_forecaster', 'int_series') }}
        where panel_name = '{{ panel.name }}'
        group by 1
    ) as groups on places.place_group = groups.place_group
    {%- endif %}
    where places.panel_name = '{{ panel.name }}'

    -- a row that says nothing is as good as none
    union all
    select
        ds,
        {{ warehouse_forecaster.hashed(
            ["'demand'", 'unique_id', 'quantity', 'revenue', 'price_paid', 'discount_paid', 'returned_quantity']
        ) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
    where
        panel_name = '{{ panel.name }}'
        and (
            quantity <> 0 or revenue <> 0 or returned_quantity <> 0 or price_paid is not null or discount_paid is not null
        )

    union all
    select
        ds,
        {{ warehouse_forecaster.hashed(["'stock'", 'unique_id', 'on_hand', 'is_stocked_out', 'is_stockout_inferred']) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_stock_by_period') }}
    where panel_name = '{{ panel.name }}'

    union all
    select
        ds,
        {{ warehouse_forecaster.hashed(["'closure'", 'unique_id', warehouse_forecaster.rounded('closed_share')]) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_closures_by_period') }}
    where panel_name = '{{ panel.name }}'

    union all
    select
        ds,
        {{ warehouse_forecaster.hashed([
            "'holiday'", 'place_group', warehouse_forecaster.rounded('is_holiday'), warehouse_forecaster.rounded('is_frequent_holiday'),
            warehouse_forecaster.rounded('days_to_holiday'), warehouse_forecaster.rounded('days_since_holiday'),
        ]) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_holidays_by_period') }}
    where panel_name = '{{ panel.name }}'

    union all
    select
        ds,
        {{ warehouse_forecaster.hashed(["'effect'", 'place_group', 'holiday_effect']) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_holiday_effects') }}
    where panel_name = '{{ nodes.name if nodes else panel.name }}'

    {%- if has_item %}
    -- plans neither overlap nor leave a gap, so that the next one's start says where each ends
    union all
    select
        greatest({{ warehouse_forecaster.period_start('plans.valid_from', panel.frequency) }}, bounds.first_ds) as ds,
        {{ warehouse_forecaster.hashed(
            ["'price'", 'plans.item_id', 'plans.location_id', 'plans.valid_from', 'plans.price', 'plans.is_imputed']
        ) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_price_plans') }} as plans
    cross join {{ panel.name }}_bounds as bounds
    where plans.panel_name = '{{ panel.name }}'
    {%- endif %}

    union all
    select
        {{ warehouse_forecaster.period_start('day_on', panel.frequency) }} as ds,
        {{ warehouse_forecaster.hashed(
            ["'promotion'", 'view_of', 'item_id', 'category', 'location_id', 'day_on', 'discount']
        ) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_promotion_plans') }}
    where panel_name = '{{ panel.name }}'

    {%- if 'int_behaviour_covariates' not in absent %}
    union all
    select
        {{ warehouse_forecaster.period_start('recorded_on', panel.frequency) }} as ds,
        {{ warehouse_forecaster.hashed([
            "'events'", 'item_id', 'location_id', 'customer_id', 'occurred_on', 'recorded_on', 'views', 'carts', 'wishlists', 'purchases'
        ]) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_events_by_day') }}
    where recorded_on < {{ warehouse_forecaster.period_add(
        warehouse_forecaster.period_start('occurred_on', panel.frequency), late + 1, panel.frequency
    ) }}
    {%- endif %}

    {%- if 'int_audience_covariates' not in absent and not has_customer and not panel.nodes_of %}
    {%- set block = windows.short if panel.frequency == 'day' else 1 %}
    -- from the period with which its block closes
    union all
    select
        periods.ds,
        {%- set columns = ["'audience'", 'audience.item_id', 'audience.location_id', 'audience.block'] %}
        {%- for column in ['n_customers', 'ages', 'n_aged', 'n_female', 'n_gendered', 'n_top_region', 'n_placed'] %}
        {%- do columns.append(warehouse_forecaster.rounded('audience.' ~ column)) %}
        {%- endfor %}
        {{ warehouse_forecaster.hashed(columns) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_audience') }} as audience
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on
            periods.panel_name = '{{ panel.name }}'
            and (audience.block + 1) * {{ block }} - 1 = periods.period_index
    where audience.panel_name = '{{ panel.name }}'
    {%- endif %}

    {%- if 'int_market_covariates' not in absent %}
    union all
    select
        ds,
        {{ warehouse_forecaster.hashed([
            "'market'", 'item_id', warehouse_forecaster.rounded('competitor_price'), warehouse_forecaster.rounded('competitor_sales'),
            warehouse_forecaster.rounded('market_trend'), 'is_competitor_price_imputed', 'is_competitor_sales_imputed',
            'is_market_trend_imputed',
        ]) }} as row_hash
    from {{ ref('warehouse_forecaster', 'int_market_by_period') }}
    where panel_name = '{{ panel.name }}'
    {%- endif %}
),
{% endfor %}

final as (
    {%- for panel in panels %}
    select
        '{{ panel.name }}' as panel_name,
        ds,
        sum(cast(row_hash as decimal(38, 0))) as checksum
    from {{ panel.name }}_rows
    group by ds
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
