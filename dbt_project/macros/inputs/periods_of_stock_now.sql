{#- What each period of int_stock_by_period is made of now. Its demand says by int_builds when it was written; counts, closures and
    beginnings of series are compared themselves. A row counts in the first period that it can change. -#}
{% macro periods_of_stock_now() %}
    select
        panel_name,
        ds,
        sum(cast(row_hash as decimal(38, 0))) as checksum
    from (
        select
            panel_name,
            ds,
            {{ warehouse_forecaster.hashed(["'period'", 'period_end', 'period_index']) }} as row_hash
        from {{ ref('warehouse_forecaster', 'int_periods') }}
        where is_complete

        union all
        select
            panel_name,
            ds,
            {{ warehouse_forecaster.hashed(["'demand'", 'checksum']) }} as row_hash
        from {{ ref('warehouse_forecaster', 'int_builds') }}
        where relation_name = '{{ ref('warehouse_forecaster', 'int_demand_by_period').identifier }}'

        union all
        select
            panel_name,
            first_ds as ds,
            {{ warehouse_forecaster.hashed(["'series'", 'unique_id', 'item_id', 'location_id']) }} as row_hash
        from {{ ref('warehouse_forecaster', 'int_series') }}

        union all
        select
            panel_name,
            ds,
            {{ warehouse_forecaster.hashed(["'closure'", 'unique_id']) }} as row_hash
        from {{ ref('warehouse_forecaster', 'int_closures_by_period') }}
        where closed_share >= 1

        {%- for panel in warehouse_forecaster.get_panels() if 'item_id' in panel.grain and 'customer_id' not in panel.grain %}
        union all
        select
            '{{ panel.name }}' as panel_name,
            {{ warehouse_forecaster.period_start('snapshot_on', panel.frequency) }} as ds,
            {{ warehouse_forecaster.hashed(["'count'", 'item_id', 'location_id', 'snapshot_on', 'on_hand']) }} as row_hash
        from {{ ref('warehouse_forecaster', 'stg_inventory') }}
        where {{ warehouse_forecaster.rejection_reason('inventory') }} is null
        {%- endfor %}
    ) as rows_by_period
    group by panel_name, ds
{% endmacro %}
