-- Outliers are judged among the periods with demand that went before, so an intermittent item is not one long outlier, and only
-- those rows pass through the windows: zeros, most of the rows, need no limit.
{{ config(
    materialized='incremental', incremental_strategy='replace_onwards', on_schema_change='sync_all_columns',
    post_hook=['{{ warehouse_forecaster.write_other_parts() }}', '{{ warehouse_forecaster.record_build() }}'],
) }}
{%- set starts = warehouse_forecaster.rebuild_starts() %}
{%- set parts = warehouse_forecaster.series_parts(starts) %}
{%- set method = warehouse_forecaster.outlier_rule('method') %}
{%- set threshold = warehouse_forecaster.outlier_rule('threshold') %}
{%- set periods = warehouse_forecaster.outlier_rule('periods') | int %}
{%- set series = ['panel_name', 'unique_id'] %}
{%- set fewest = 8 %}

with spine as (
    select * from {{ ref('warehouse_forecaster', 'int_spine') }}
    where {{ warehouse_forecaster.since_in_panels(starts) }} and {{ warehouse_forecaster.in_part(parts) }}
),

demand as (
    select * from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
    where {{ warehouse_forecaster.since_in_panels(starts) }} and {{ warehouse_forecaster.in_part(parts) }}
),

stock as (
    select * from {{ ref('warehouse_forecaster', 'int_stock_by_period') }}
    where {{ warehouse_forecaster.since_in_panels(starts) }} and {{ warehouse_forecaster.in_part(parts) }}
),

sales as (
    select
        demand.panel_name,
        demand.unique_id,
        demand.ds,
        periods.period_index,
        demand.quantity
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }} as demand
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on demand.panel_name = periods.panel_name and demand.ds = periods.ds
    where
        demand.quantity <> 0
        and {{ warehouse_forecaster.since_in_panels(starts, 'demand', periods) }}
        and {{ warehouse_forecaster.in_part(parts, 'demand.unique_id') }}
),

{% if starts -%}
-- the last period with demand may lie before all that is read: the row before the first that is written knows it
last_sales as ( -- noqa: ST03
    {%- for panel in warehouse_forecaster.get_panels() %}
    {%- set start = "date '" ~ (starts.get(panel.name) or '0001-01-01') ~ "'" %}
    select
        panel_name,
        unique_id,
        case when y <> 0 then period_index else last_sale_index end as period_index
    from {{ this }}
    where
        panel_name = '{{ panel.name }}'
        and {{ 'ds = ' ~ warehouse_forecaster.period_add(start, -1, panel.frequency) if start >= "date '0002" else 'false' }}
        and {{ warehouse_forecaster.in_part(parts) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),
{%- endif %}

{% if method == 'mad' %}

centred as (
    select
        *,
        {{ warehouse_forecaster.trailing_quantile('quantity', 0.5, 'period_index', periods, series) }} as middle
    from sales
),

-- counts of one or two have no spread to speak of: it is never taken below that of a Poisson count. So few rows can be outliers at all,
-- and for those alone the deviations before them are read
suspects as (
    select *
    from centred
    where
        abs(quantity - middle) > {{ threshold }} * sqrt(abs(middle)) * (1 - 1e-9)
        and {{ warehouse_forecaster.since_in_panels(starts) }}
),

{% if starts -%}
-- a deviation looks as far back as a limit does: twice as far is read, of the few series with a suspect
suspected as (
    select
        demand.panel_name,
        demand.unique_id,
        periods.period_index,
        demand.quantity,
        {{ warehouse_forecaster.trailing_quantile(
            'demand.quantity', 0.5, 'periods.period_index', periods, ['demand.panel_name', 'demand.unique_id']
        ) }} as middle
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }} as demand
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on demand.panel_name = periods.panel_name and demand.ds = periods.ds
    inner join (select distinct panel_name, unique_id from suspects) as series
        on demand.panel_name = series.panel_name and demand.unique_id = series.unique_id
    where
        demand.quantity <> 0
        and {{ warehouse_forecaster.since_in_panels(starts, 'demand', 2 * periods) }}
        and {{ warehouse_forecaster.in_part(parts, 'demand.unique_id') }}
),
{%- endif %}

-- each deviation from the median as it was then: a rolling MAD
spread as (
    select
        suspects.panel_name,
        suspects.unique_id,
        suspects.ds,
        suspects.middle,
        count(*) as n_before,
        1.4826 * median(abs(centred.quantity - centred.middle)) as spread
    from suspects
    inner join {{ 'suspected' if starts else 'centred' }} as centred
        on
            suspects.panel_name = centred.panel_name
            and suspects.unique_id = centred.unique_id
            and suspects.period_index - {{ periods }} <= centred.period_index
            and suspects.period_index - 1 >= centred.period_index
    group by suspects.panel_name, suspects.unique_id, suspects.ds, suspects.middle
),

limits as (
    select
        panel_name,
        unique_id,
        ds,
        middle - {{ threshold }} * greatest(spread, sqrt(abs(middle))) as lower_limit,
        middle + {{ threshold }} * greatest(spread, sqrt(abs(middle))) as upper_limit
    from spread
    where n_before >= {{ fewest }}
),

{% elif method == 'iqr' %}

quartiles as (
    select
        *,
        count(*) over (
            partition by panel_name, unique_id order by period_index range between {{ periods }} preceding and 1 preceding
        ) as n_before,
        {{ warehouse_forecaster.trailing_quantile('quantity', 0.25, 'period_index', periods, series) }} as lower_quartile,
        {{ warehouse_forecaster.trailing_quantile('quantity', 0.5, 'period_index', periods, series) }} as middle,
        {{ warehouse_forecaster.trailing_quantile('quantity', 0.75, 'period_index', periods, series) }} as upper_quartile
    from sales
),

-- counts of one or two have no spread to speak of: it is never taken below that of a Poisson count
limits as (
    select
        panel_name,
        unique_id,
        ds,
        lower_quartile - {{ threshold }} * greatest(upper_quartile - lower_quartile, sqrt(abs(middle))) as lower_limit,
        upper_quartile + {{ threshold }} * greatest(upper_quartile - lower_quartile, sqrt(abs(middle))) as upper_limit
    from quartiles
    where n_before >= {{ fewest }}
),

{% else %}

limits as (
    select
        panel_name,
        unique_id,
        ds,
        cast(null as double) as lower_limit,
        cast(null as double) as upper_limit
    from sales
    where false
),

{% endif %}

signs as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select '{{ panel.name }}' as panel_name, {{ 'true' if panel.signed else 'false' }} as is_signed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

dense as (
    select
        spine.panel_name,
        spine.unique_id,
        spine.ds,
        spine.period_index,
        spine.is_future,
        case when not spine.is_future then coalesce(demand.quantity, 0) end as y,
        case when not spine.is_future then coalesce(demand.revenue, 0) end as revenue,
        case when not spine.is_future then coalesce(demand.returned_quantity, 0) end as returned_quantity,
        coalesce(stock.is_stocked_out, false) as is_stocked_out,
        coalesce(stock.is_stockout_inferred, false) as is_stockout_inferred,
        -- demand that is not signed is never raised, only cut
        case when signs.is_signed then limits.lower_limit end as lower_limit,
        limits.upper_limit,
        {{ 'last_sales.period_index' if starts else 'cast(null as integer)' }} as sale_before
    from spine
    inner join signs on spine.panel_name = signs.panel_name
    left join demand
        on spine.panel_name = demand.panel_name and spine.unique_id = demand.unique_id and spine.ds = demand.ds
    left join stock
        on spine.panel_name = stock.panel_name and spine.unique_id = stock.unique_id and spine.ds = stock.ds
    left join limits
        on spine.panel_name = limits.panel_name and spine.unique_id = limits.unique_id and spine.ds = limits.ds
    {%- if starts %}
    left join last_sales on spine.panel_name = last_sales.panel_name and spine.unique_id = last_sales.unique_id
    {%- endif %}
),

final as (
    select
        -- ids
        panel_name,
        unique_id,
        -- dates
        ds,
        period_index,
        -- numerics
        y,
        case
            when is_stocked_out then null
            when y > upper_limit then upper_limit
            when y < lower_limit then lower_limit
            else y
        end as y_train,
        revenue,
        returned_quantity,
        -- flags
        is_future,
        not is_stocked_out and coalesce(y > upper_limit or y < lower_limit, false) as is_winsorised,
        is_stocked_out,
        is_stockout_inferred,
        -- the last period with demand before this one
        coalesce(
            {{ warehouse_forecaster.last_known('case when y <> 0 then period_index end', 'panel_name, unique_id', 'ds', 1) }}, sale_before
        ) as last_sale_index
    from dense
)

select * from final
