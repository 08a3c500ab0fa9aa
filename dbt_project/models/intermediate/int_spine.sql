-- Written anew from the first period that is made of something else now.
{{ config(
    materialized='incremental', incremental_strategy='replace_onwards', on_schema_change='sync_all_columns',
    post_hook='{{ warehouse_forecaster.record_build() }}',
) }}
{%- set starts = warehouse_forecaster.rebuild_starts() %}

with series as (
    select * from {{ ref('warehouse_forecaster', 'int_series') }}
),

periods as (
    select * from {{ ref('warehouse_forecaster', 'int_periods') }}
    where {{ warehouse_forecaster.since_in_panels(starts) }}
),

final as (
    select
        -- ids
        series.panel_name,
        series.unique_id,
        series.item_id,
        series.location_id,
        series.customer_id,
        -- dates
        periods.ds,
        periods.period_index,
        -- flags
        periods.is_future
    from series
    inner join periods
        on
            series.panel_name = periods.panel_name
            and series.first_ds <= periods.ds
)

select * from final
