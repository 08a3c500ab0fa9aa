-- The market of each item (null: of everything) as it became known in each period: the item's own rows, else its category's.
-- Whoever watches a market tells of yesterday, so an observation counts where it was recorded, unless that is beyond the late-arrival window.
{%- set panels = warehouse_forecaster.get_panels() %}
{%- set late = warehouse_forecaster.business('late_arrival_periods') | int %}
{%- set price_method = warehouse_forecaster.imputation_method('competitor_price', 'forward_fill') %}
{%- set sales_method = warehouse_forecaster.imputation_method('competitor_sales', 'forward_fill') %}
{%- set trend_method = warehouse_forecaster.imputation_method('trend_index', 'mean') %}

with market as (
    select
        ds as observed_on,
        item_id,
        case when item_id is null then category end as category,
        competitor_id,
        case when competitor_price > 0 then competitor_price end as competitor_price,
        competitor_sales,
        trend_index,
        coalesce(greatest(ds, {{ warehouse_forecaster.business_date('known_at') }}), ds) as known_on,
        known_at
    from {{ ref('warehouse_forecaster', 'stg_market') }}
    where {{ warehouse_forecaster.rejection_reason('market') }} is null
),

item_keys as (
    select item_id, category
    from {{ ref('warehouse_forecaster', 'int_item_attributes') }}
    union all
    select cast(null as varchar) as item_id, cast(null as varchar) as category
),
{% for panel in panels %}
{%- set windows = warehouse_forecaster.windows(panel) %}
{%- set period = warehouse_forecaster.period_start('known_on', panel.frequency) %}
-- The latest word on an observation within a period.
{{ panel.name }}_known as (
    select *, {{ period }} as ds
    from market
    where known_on < {{ warehouse_forecaster.period_add(
        warehouse_forecaster.period_start('observed_on', panel.frequency), late + 1, panel.frequency
    ) }}
    qualify row_number() over (
        partition by {{ period }}, observed_on, item_id, category, competitor_id
        order by known_at desc nulls last, competitor_price, competitor_sales, trend_index
    ) = 1
),

{{ panel.name }}_by_item as (
    select
        item_id, ds,
        avg(competitor_price) as competitor_price,
        sum(competitor_sales) / count(distinct observed_on) as competitor_sales,
        avg(trend_index) as trend_index
    from {{ panel.name }}_known
    where item_id is not null
    group by item_id, ds
),

{{ panel.name }}_by_category as (
    select
        category, ds,
        avg(competitor_price) as competitor_price,
        sum(competitor_sales) / count(distinct observed_on) as competitor_sales,
        avg(trend_index) as trend_index
    from {{ panel.name }}_known
    where item_id is null and category is not null
    group by category, ds
),

{{ panel.name }}_overall as (
    select
        ds,
        sum(competitor_sales) / count(distinct observed_on) as competitor_sales,
        -- What is said of everything, else the mean of what is said of parts.
        coalesce(avg(case when item_id is null and category is null then trend_index end), avg(trend_index)) as trend_index
    from {{ panel.name }}_known
    group by ds
),

{{ panel.name }}_joined as (
    select
        periods.panel_name,
        item_keys.item_id,
        item_keys.category,
        periods.ds,
        periods.period_index,
        coalesce(by_item.competitor_price, by_category.competitor_price) as competitor_price,
        coalesce(
            by_item.competitor_sales, by_category.competitor_sales, case when item_keys.item_id is null then overall.competitor_sales end
        ) as competitor_sales,
        coalesce(by_item.trend_index, by_category.trend_index, overall.trend_index) as trend_index
    from {{ ref('warehouse_forecaster', 'int_periods') }} as periods
    inner join item_keys on item_keys.item_id is {{ 'not ' if 'item_id' in panel.grain }}null
    left join {{ panel.name }}_by_item as by_item on item_keys.item_id = by_item.item_id and periods.ds = by_item.ds
    left join {{ panel.name }}_by_category as by_category on item_keys.category = by_category.category and periods.ds = by_category.ds
    left join {{ panel.name }}_overall as overall on periods.ds = overall.ds
    where periods.panel_name = '{{ panel.name }}' and not periods.is_future
),

{{ panel.name }}_filled as (
    select
        panel_name,
        item_id,
        ds,
        competitor_price,
        competitor_sales,
        trend_index,
        {%- for column, method in {'competitor_price': price_method, 'competitor_sales': sales_method, 'trend_index': trend_method}.items() %}
        {{ warehouse_forecaster.impute(
            method, column, 'item_id', 'ds', slot='period_index % ' ~ windows.season, known=windows.long
        ) }} as {{ column }}_imputed{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_joined
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        item_id,
        ds,
        cast(coalesce(competitor_price, competitor_price_imputed) as double) as competitor_price,
        cast(coalesce(competitor_sales, competitor_sales_imputed, 0) as double) as competitor_sales,
        cast(coalesce(trend_index, trend_index_imputed, 1) as double) as market_trend,
        -- a column that is not mapped is no feature: nothing of it is made up
        {%- for column in ['competitor_price', 'competitor_sales', 'trend_index'] %}
        {%- set is_told = warehouse_forecaster.has_column('market', column) and (column != 'competitor_price' or 'item_id' in panel.grain) %}
        {%- set named = column | replace('trend_index', 'market_trend') %}
        {{ column ~ ' is null' if is_told else 'false' }} as is_{{ named }}_imputed{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_filled
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
