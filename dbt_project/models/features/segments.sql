-- What a series is, decided anew at every cutoff from what went before it.
with cutoffs as (
    select
        panel_name,
        cutoff
    from {{ ref('warehouse_forecaster', 'cutoffs') }}
),

series as (
    select * from {{ ref('warehouse_forecaster', 'int_series') }}
),

bounds as (
    select
        panel_name,
        min(ds) as first_period
    from {{ ref('warehouse_forecaster', 'int_periods') }}
    group by panel_name
),

sales as (
    select
        panel_name,
        unique_id,
        ds,
        y,
        revenue
    from {{ ref('warehouse_forecaster', 'int_target') }}
    where y <> 0
),

discontinued as (
    select
        item_id,
        min(discontinued_on) as discontinued_on
    from {{ ref('warehouse_forecaster', 'stg_items') }}
    where discontinued_on is not null
    group by item_id
),

{% for panel in warehouse_forecaster.get_panels() %}
{%- set frequency = panel.frequency %}
{%- set w = warehouse_forecaster.windows(panel) %}
{%- set active = panel.get('active_periods', w.long) | int %}
{%- set ended = [w.year, 2 * active] | max %}
{{ panel.name }}_history as (
    select
        cutoffs.cutoff,
        sales.unique_id,
        max(sales.ds) as last_sale,
        count(*) filter (where sales.ds > {{ warehouse_forecaster.period_add('cutoffs.cutoff', -w.year, frequency) }}) as n_sales,
        avg(abs(sales.y)) filter (where sales.ds > {{ warehouse_forecaster.period_add('cutoffs.cutoff', -w.year, frequency) }}) as mean_size,
        coalesce(
            var_samp(abs(sales.y)) filter (where sales.ds > {{ warehouse_forecaster.period_add('cutoffs.cutoff', -w.year, frequency) }}), 0
        ) as variance,
        sum(sales.revenue) filter (where sales.ds > {{ warehouse_forecaster.period_add('cutoffs.cutoff', -w.long, frequency) }}) as revenue,
        sum(abs(sales.y)) filter (where sales.ds > {{ warehouse_forecaster.period_add('cutoffs.cutoff', -w.long, frequency) }}) as units
    from cutoffs
    inner join sales
        on
            cutoffs.panel_name = sales.panel_name
            and cutoffs.cutoff >= sales.ds
            and sales.ds > {{ warehouse_forecaster.period_add('cutoffs.cutoff', -ended, frequency) }}
    where cutoffs.panel_name = '{{ panel.name }}'
    group by cutoffs.cutoff, sales.unique_id
),

{{ panel.name }}_measured as (
    select
        cutoffs.panel_name,
        cutoffs.cutoff,
        series.unique_id,
        {{ warehouse_forecaster.periods_between('series.first_ds', 'cutoffs.cutoff', frequency) }} + 1 as age,
        {{ warehouse_forecaster.periods_between('coalesce(history.last_sale, series.first_ds)', 'cutoffs.cutoff', frequency) }} as silence,
        series.first_ds > bounds.first_period as is_start_known,
        coalesce(discontinued.discontinued_on <= cutoffs.cutoff, false) as is_discontinued,
        coalesce(history.n_sales, 0) as n_sales,
        history.variance / nullif(history.mean_size * history.mean_size, 0) as squared_variation,
        greatest(coalesce(history.revenue, 0), 0) as revenue,
        coalesce(history.units, 0) as units,
        {{ w.year }} as year_periods,
        {{ w.medium }} as new_periods,
        {{ active }} as active_periods,
        {{ ended }} as ended_periods
    from cutoffs
    inner join series
        on
            cutoffs.panel_name = series.panel_name
            and cutoffs.cutoff >= series.first_ds
    inner join bounds on cutoffs.panel_name = bounds.panel_name
    left join {{ panel.name }}_history as history
        on
            cutoffs.cutoff = history.cutoff
            and series.unique_id = history.unique_id
    left join discontinued on series.item_id = discontinued.item_id
    where cutoffs.panel_name = '{{ panel.name }}'
),
{% endfor %}

measured as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select * from {{ panel.name }}_measured
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

valued as (
    select
        *,
        case when sum(revenue) over (partition by panel_name, cutoff) > 0 then revenue else units end as value
    from measured
),

ranked as (
    select
        *,
        sum(value) over (partition by panel_name, cutoff order by value desc, unique_id asc rows unbounded preceding)
        - value as value_above,
        sum(value) over (partition by panel_name, cutoff) as total_value
    from valued
),

classified as (
    select
        panel_name,
        cutoff,
        unique_id,
        case
            when is_discontinued or silence >= ended_periods then 'ended'
            when silence >= active_periods then 'dormant'
            -- a series that begins with the history may be far older than it
            when is_start_known and age <= new_periods then 'new'
            else 'active'
        end as life_cycle,
        case
            when value = 0 then 'C'
            when value_above < 0.8 * total_value then 'A'
            when value_above < 0.95 * total_value then 'B'
            else 'C'
        end as volume_class,
        -- Syntetos, Boylan and Croston (2005): mean interval between demands 1.32, squared variation of their sizes 0.49
        case
            when n_sales = 0 then 'no_demand'
            when least(age, year_periods) < 1.32 * n_sales
                then case when squared_variation < 0.49 then 'smooth' else 'erratic' end
            when squared_variation < 0.49 then 'intermittent'
            else 'lumpy'
        end as intermittency
    from ranked
),

final as (
    select
        panel_name,
        cutoff,
        unique_id,
        life_cycle,
        volume_class,
        intermittency,
        volume_class || '-' || intermittency as segment
    from classified
)

select * from final
