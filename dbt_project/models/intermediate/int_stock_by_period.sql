-- Recorded stock, filled forward for at most four weeks, and long silences of fast sellers where no stock is recorded.
-- Only rows of which something is known. Nothing here looks ahead of its period, so a build begins with the first that is made of something else.
{{ config(
    materialized='incremental', incremental_strategy='replace_onwards', on_schema_change='sync_all_columns',
    post_hook='{{ warehouse_forecaster.record_build() }}',
) }}
{%- set starts = warehouse_forecaster.rebuild_starts() %}
{%- set fill_days = 28 %}

with snapshots as (
    select
        item_id,
        coalesce(location_id, 'all') as location_id,
        snapshot_on,
        min(on_hand) as on_hand
    from {{ ref('warehouse_forecaster', 'stg_inventory') }}
    where {{ warehouse_forecaster.rejection_reason('inventory') }} is null
    group by item_id, coalesce(location_id, 'all'), snapshot_on
),

-- a count holds from its day to the next one
intervals as (
    select
        item_id,
        location_id,
        on_hand,
        snapshot_on as valid_from,
        least(
            coalesce(lead(snapshot_on) over (partition by item_id, location_id order by snapshot_on), snapshot_on + {{ fill_days }}),
            snapshot_on + {{ fill_days }}
        ) as valid_to
    from snapshots
),

periods as (
    select * from {{ ref('warehouse_forecaster', 'int_periods') }}
    where is_complete
),

demand as (
    select
        panel_name,
        unique_id,
        ds,
        quantity
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }}
    where quantity <> 0 and {{ warehouse_forecaster.since_in_panels(starts) }}
),

series as (
    select * from {{ ref('warehouse_forecaster', 'int_series') }}
),

{% for panel in warehouse_forecaster.get_panels() if 'item_id' in panel.grain and 'customer_id' not in panel.grain %}
{{ panel.name }}_overlaps as (
    select
        intervals.item_id,
        intervals.location_id,
        periods.ds,
        intervals.on_hand,
        intervals.valid_from,
        intervals.valid_from >= periods.ds as is_counted,
        least(intervals.valid_to, periods.period_end) - greatest(intervals.valid_from, periods.ds) as n_days
    from intervals
    inner join periods
        on
            periods.panel_name = '{{ panel.name }}'
            and intervals.valid_from < periods.period_end
            and intervals.valid_to > periods.ds
            and {{ warehouse_forecaster.since(starts, panel, 'periods.ds') }}
),

-- the last count of each place stands at the period's close; days without stock add up over places
{{ panel.name }}_places as (
    select
        item_id,
        location_id,
        ds,
        max_by(on_hand, valid_from) as on_hand,
        max(case when is_counted then 1 else 0 end) as is_counted,
        sum(case when on_hand <= 0 then n_days else 0 end) as n_days_out,
        sum(n_days) as n_days
    from {{ panel.name }}_overlaps
    group by item_id, location_id, ds
),

{%- if 'location_id' in panel.grain %}
-- a count that names no place stands for the places without one of their own
{%- endif %}
{{ panel.name }}_stock as (
    select
        series.panel_name,
        series.unique_id,
        places.ds,
        {%- if 'location_id' in panel.grain %}
        {%- set is_own = 'case when places.location_id = series.location_id then 1 else 0 end' %}
        max_by(places.on_hand, {{ is_own }}) as on_hand,
        max_by(places.is_counted, {{ is_own }}) = 1 as is_counted,
        max_by(places.n_days_out, {{ is_own }}) >= 0.5 * max_by(places.n_days, {{ is_own }}) as is_out
        {%- else %}
        sum(places.on_hand) as on_hand,
        max(places.is_counted) = 1 as is_counted,
        sum(places.n_days_out) >= 0.5 * sum(places.n_days) as is_out
        {%- endif %}
    from {{ panel.name }}_places as places
    inner join series
        on
            series.panel_name = '{{ panel.name }}'
            and places.item_id = series.item_id
            and places.ds >= series.first_ds
            {%- if 'location_id' in panel.grain %}
            and (places.location_id = series.location_id or places.location_id = 'all')
            {%- endif %}
    group by series.panel_name, series.unique_id, places.ds
),
{% endfor %}

stock as (
    select
        cast(null as varchar) as panel_name,
        cast(null as varchar) as unique_id,
        cast(null as date) as ds,
        cast(null as double) as on_hand,
        cast(null as boolean) as is_counted,
        cast(null as boolean) as is_out
    where false
    {%- for panel in warehouse_forecaster.get_panels() if 'item_id' in panel.grain and 'customer_id' not in panel.grain %}
    union all
    select * from {{ panel.name }}_stock
    {%- endfor %}
),

-- a count carried on from an earlier day is no news where something was sold since
recorded as (
    select
        stock.panel_name,
        stock.unique_id,
        stock.ds,
        stock.on_hand,
        stock.is_out and (stock.is_counted or demand.quantity is null) as is_stocked_out
    from stock
    left join demand
        on
            stock.panel_name = demand.panel_name
            and stock.unique_id = demand.unique_id
            and stock.ds = demand.ds
),

{% for panel in warehouse_forecaster.get_panels() if 'item_id' in panel.grain %}
{%- set window = warehouse_forecaster.windows(panel).long %}
{{ panel.name }}_sales as (
    select
        demand.panel_name,
        demand.unique_id,
        series.first_ds,
        demand.ds,
        periods.period_index,
        lead(periods.period_index) over (partition by demand.unique_id order by periods.period_index) as next_index,
        count(*) over (
            partition by demand.unique_id order by periods.period_index range between {{ window - 1 }} preceding and current row
        ) as n_sales,
        {{ warehouse_forecaster.periods_between('series.first_ds', 'demand.ds', panel.frequency) }} + 1 as age
    {%- if starts %}
    -- a silence is as long as a window at most, and is judged by the sales of a window before it
    from {{ ref('warehouse_forecaster', 'int_demand_by_period') }} as demand
    {%- else %}
    from demand -- written whole: all panels read it once
    {%- endif %}
    inner join periods on demand.panel_name = periods.panel_name and demand.ds = periods.ds
    inner join series on demand.panel_name = series.panel_name and demand.unique_id = series.unique_id
    where
        demand.panel_name = '{{ panel.name }}'
        {%- if starts %}
        and demand.quantity <> 0
        and {{ warehouse_forecaster.since(starts, panel, 'demand.ds', back=2 * window) }}
        {%- endif %}
),

-- the number of periods after which a silence has a chance below 1 in 1000, from how often it sold until then
{{ panel.name }}_silences as (
    select
        *,
        period_index + cast(ceil(
            ln(0.001) / ln(1 - cast(n_sales as double) / (least(age, {{ window }}) + 1))
        ) as integer) as silent_from,
        period_index + {{ window }} as silent_until
    from {{ panel.name }}_sales
    where age >= {{ warehouse_forecaster.windows(panel).medium }}
),

-- hardly any sale is followed by one: only those meet the periods
{{ panel.name }}_long_silences as (
    select *
    from {{ panel.name }}_silences
    where silent_from <= silent_until and coalesce(next_index, silent_until + 1) > silent_from
),

{{ panel.name }}_inferred as (
    select
        silences.panel_name,
        silences.unique_id,
        periods.ds
    from {{ panel.name }}_long_silences as silences
    inner join periods
        on
            silences.panel_name = periods.panel_name
            and silences.silent_from <= periods.period_index
            and silences.silent_until >= periods.period_index
            and coalesce(silences.next_index, silences.silent_until + 1) > periods.period_index
            and {{ warehouse_forecaster.since(starts, panel, 'periods.ds') }}
),
{% endfor %}

inferred as (
    select
        cast(null as varchar) as panel_name,
        cast(null as varchar) as unique_id,
        cast(null as date) as ds
    where false
    {%- for panel in warehouse_forecaster.get_panels() if 'item_id' in panel.grain %}
    union all
    select * from {{ panel.name }}_inferred
    {%- endfor %}
),

open_inferred as (
    select inferred.*
    from inferred
    left join {{ ref('warehouse_forecaster', 'int_closures_by_period') }} as closures
        on
            inferred.panel_name = closures.panel_name
            and inferred.unique_id = closures.unique_id
            and inferred.ds = closures.ds
    where coalesce(closures.closed_share, 0) < 1
),

final as (
    select
        coalesce(recorded.panel_name, inferred.panel_name) as panel_name,
        coalesce(recorded.unique_id, inferred.unique_id) as unique_id,
        coalesce(recorded.ds, inferred.ds) as ds,
        recorded.on_hand,
        coalesce(recorded.is_stocked_out, false) as is_stocked_out,
        recorded.panel_name is null as is_stockout_inferred
    from recorded
    full outer join open_inferred as inferred
        on
            recorded.panel_name = inferred.panel_name
            and recorded.unique_id = inferred.unique_id
            and recorded.ds = inferred.ds
)

select * from final
