{#- What each period of int_demand_by_period is made of now: the days of its lines say when they were written, returns and histories of
    nodes are compared themselves. -#}
{% macro periods_of_lines_now() %}
    {% set panels = warehouse_forecaster.get_panels() %}
    select
        rows_by_period.panel_name,
        rows_by_period.ds,
        sum(rows_by_period.row_hash) as checksum
    from (
        {%- for panel in panels %}
        {%- if panel.nodes_of %}
        select
            '{{ panel.name }}' as panel_name,
            {{ warehouse_forecaster.period_start('aggregates.ds', panel.frequency) }} as ds,
            cast({{ warehouse_forecaster.hashed([
                'nodes.unique_id', 'aggregates.ds', 'aggregates.quantity'
            ]) }} as decimal(38, 0)) as row_hash
        from (
            select * from {{ ref('warehouse_forecaster', 'stg_aggregates') }}
            where {{ warehouse_forecaster.rejection_reason('aggregates') }} is null
        ) as aggregates
        inner join {{ ref('warehouse_forecaster', 'int_nodes') }} as nodes
            on nodes.panel_name = '{{ panel.name }}' and aggregates.level = nodes.level and aggregates.node_id = nodes.node_id
        {%- else %}
        select
            '{{ panel.name }}' as panel_name,
            {{ warehouse_forecaster.period_start('days.demand_on', panel.frequency) }} as ds,
            cast({{ warehouse_forecaster.hashed(['days.demand_on', 'days.built_at', 'days.n_lines']) }} as decimal(38, 0)) as row_hash
        from (
            select
                demand_on,
                max(built_at) as built_at,
                count(*) as n_lines
            from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
            group by demand_on
        ) as days
        {%- if warehouse_forecaster.has_input('sales') %}
        union all
        select
            '{{ panel.name }}' as panel_name,
            {{ warehouse_forecaster.period_start('returned_on', panel.frequency) }} as ds,
            cast({{ warehouse_forecaster.hashed(
                ["'return'", 'item_id', 'location_id', 'customer_id', 'recorded_at', 'quantity']
            ) }} as decimal(38, 0)) as row_hash
        from {{ ref('warehouse_forecaster', 'int_returns') }}
        {%- endif %}
        {%- endif %}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as rows_by_period
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on
            rows_by_period.panel_name = periods.panel_name
            and rows_by_period.ds = periods.ds
    where periods.is_complete
    group by rows_by_period.panel_name, rows_by_period.ds
{% endmacro %}
