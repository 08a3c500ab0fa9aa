-- The own price against the competitors', what they sold, and the market's trend: known at the close of each period, null in the future.
{%- set absent = warehouse_forecaster.absent_covariates().get('int_market_covariates') %}
{{ config(
    materialized='view' if absent else 'incremental', incremental_strategy='replace_onwards', on_schema_change='sync_all_columns',
    post_hook=[] if absent else '{{ warehouse_forecaster.record_build() }}',
) }}
{% if absent %}
{{ warehouse_forecaster.constant_covariates(absent) }}
{% else %}
{%- set starts = warehouse_forecaster.rebuild_starts() %}
{%- set panels = warehouse_forecaster.get_panels() %}
{%- set columns = ['competitor_relative_price', 'competitor_sales', 'market_trend'] %}

with
{%- for panel in panels %}
{{ panel.name }}_rows as (
    select
        spine.panel_name,
        spine.unique_id,
        spine.ds,
        spine.is_future,
        {%- if 'item_id' in panel.grain %}
        coalesce(nullif(prices.price, 0) / market.competitor_price, 1) as competitor_relative_price,
        -- 1 is made up where there is no own price either
        {{ 'coalesce(market.is_competitor_price_imputed or nullif(prices.price, 0) is null, true)'
            if warehouse_forecaster.has_column('market', 'competitor_price') else 'false' }} as is_competitor_relative_price_imputed,
        {%- else %}
        1 as competitor_relative_price,
        false as is_competitor_relative_price_imputed,
        {%- endif %}
        coalesce(market.competitor_sales, 0) as competitor_sales,
        coalesce(market.market_trend, 1) as market_trend,
        coalesce(market.is_competitor_sales_imputed, true) as is_competitor_sales_imputed,
        coalesce(market.is_market_trend_imputed, true) as is_market_trend_imputed
    from {{ ref('warehouse_forecaster', 'int_spine') }} as spine
    left join {{ ref('warehouse_forecaster', 'int_market_by_period') }} as market
        on
            market.panel_name = '{{ panel.name }}'
            and spine.ds = market.ds
            {%- if 'item_id' in panel.grain %}
            and spine.item_id = market.item_id
            {%- endif %}
    {%- if 'item_id' in panel.grain %}
    left join {{ ref('warehouse_forecaster', 'int_price_covariates') }} as prices
        on
            prices.panel_name = '{{ panel.name }}'
            and spine.unique_id = prices.unique_id
            and spine.ds = prices.ds
    {%- endif %}
    where spine.panel_name = '{{ panel.name }}' and {{ warehouse_forecaster.since(starts, panel, 'spine.ds') }}
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        unique_id,
        ds,
        {%- for column in columns %}
        case when not is_future then {{ warehouse_forecaster.rounded(column) }} end as {{ column }},
        {%- endfor %}
        {%- for column in columns %}
        not is_future and is_{{ column }}_imputed as is_{{ column }}_imputed{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
{% endif %}
