-- The own price against the competitors', what they sold, and the market's trend: known at the close of each period, null in the future.
{%- set panels = warehouse_forecaster.get_panels() %}
{%- set has_market = warehouse_forecaster.has_input('market') %}

with
{%- for panel in panels %}
{{ panel.name }}_rows as (
    {%- if has_market %}
    select
        spine.panel_name,
        spine.unique_id,
        spine.ds,
        spine.is_future,
        {%- if 'item_id' in panel.grain %}
        coalesce(nullif(prices.price, 0) / market.competitor_price, 1) as competitor_relative_price,
        {%- else %}
        1 as competitor_relative_price,
        {%- endif %}
        coalesce(market.competitor_sales, 0) as competitor_sales,
        coalesce(market.market_trend, 1) as market_trend,
        coalesce(market.is_imputed, true) as is_market_imputed
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
    where spine.panel_name = '{{ panel.name }}'
    {%- else %}
    select
        panel_name, unique_id, ds, is_future,
        1 as competitor_relative_price, 0 as competitor_sales, 1 as market_trend, false as is_market_imputed
    from {{ ref('warehouse_forecaster', 'int_spine') }}
    where panel_name = '{{ panel.name }}'
    {%- endif %}
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        unique_id,
        ds,
        {%- for column in ['competitor_relative_price', 'competitor_sales', 'market_trend'] %}
        case when not is_future then round(cast({{ column }} as double), 6) end as {{ column }},
        {%- endfor %}
        not is_future and is_market_imputed as is_market_imputed
    from {{ panel.name }}_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
