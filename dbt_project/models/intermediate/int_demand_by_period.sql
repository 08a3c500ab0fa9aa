-- One pass over the lines for each panel. What was known when a period closed is decided line by line, once and for all.
-- Built by the periods whose lines or returns are not what they were.
{{ config(
    materialized='incremental', incremental_strategy='replace_batches', unique_key=['panel_name', 'ds'], on_schema_change='sync_all_columns',
    post_hook='{{ warehouse_forecaster.record_batches() }}',
) }}
{%- do warehouse_forecaster.depends_on('int_builds') %}
{%- set from_sales = warehouse_forecaster.has_input('sales') %}
with periods as (
    select all_periods.*
    from {{ ref('warehouse_forecaster', 'int_periods') }} as all_periods
    {{ warehouse_forecaster.only_touched_batches('all_periods') }}
    where all_periods.is_complete
),

{% for panel in warehouse_forecaster.get_panels() %}
{%- set frequency = panel.frequency %}
{%- if panel.nodes_of %}
-- histories of nodes have no record time: each row counts as known at its period's close
{{ panel.name }}_aggregates as (
    select
        level,
        node_id,
        ds,
        quantity
    from {{ ref('warehouse_forecaster', 'stg_aggregates') }}
    where
        {{ warehouse_forecaster.rejection_reason('aggregates') }} is null
        {%- if not panel.signed %} and quantity >= 0{% endif %}

),

{{ panel.name }}_series as (
    select
        nodes.panel_name,
        nodes.unique_id,
        {{ warehouse_forecaster.key_columns(panel) }},
        periods.ds,
        min(periods.ds) as known_from,
        sum(aggregates.quantity) as quantity,
        sum(aggregates.quantity) as quantity_latest,
        0 as revenue,
        0 as gross_revenue,
        0 as quantity_priced,
        count(*) as n_lines,
        0 as returned_quantity
    from {{ panel.name }}_aggregates as aggregates
    inner join {{ ref('warehouse_forecaster', 'int_nodes') }} as nodes
        on nodes.panel_name = '{{ panel.name }}' and aggregates.level = nodes.level and aggregates.node_id = nodes.node_id
    inner join periods
        on
            periods.panel_name = '{{ panel.name }}'
            and periods.ds = {{ warehouse_forecaster.period_start('aggregates.ds', frequency) }}
    group by nodes.panel_name, nodes.unique_id, periods.ds
),
{%- else %}
{{ panel.name }}_lines as (
    select
        periods.ds,
        {% for key in panel.grain %}lines.{{ key }}, {% endfor %}
        lines.quantity,
        lines.revenue,
        lines.quantity * lines.unit_price as gross_revenue,
        lines.withdrawn_at is null as is_standing,
        lines.recorded_at < periods.closes_at and coalesce(lines.withdrawn_at >= periods.closes_at, true) as is_known,
        case
            when lines.withdrawn_at < periods.closes_at then null
            when lines.recorded_at < periods.closes_at then periods.ds
            else {{ warehouse_forecaster.period_start(warehouse_forecaster.closed_on('lines.recorded_at'), frequency) }}
        end as known_from
    from {{ ref('warehouse_forecaster', 'int_demand_lines') }} as lines
    inner join periods
        on
            periods.panel_name = '{{ panel.name }}'
            and periods.ds = {{ warehouse_forecaster.period_start('lines.demand_on', frequency) }}
    where
        -- demand below zero is for signed panels; int_panel_exclusions counts it for the others
        {{ 'true' if panel.signed else 'lines.quantity >= 0' }}
        {%- for key in panel.grain %} and lines.{{ key }} is not null{% endfor %}

),

{{ panel.name }}_demand as (
    select
        ds,
        {{ panel.grain | join(', ') }},
        min(known_from) as known_from,
        coalesce(sum(quantity) filter (where is_known), 0) as quantity,
        coalesce(sum(quantity) filter (where is_standing), 0) as quantity_latest,
        coalesce(sum(revenue) filter (where is_known), 0) as revenue,
        sum(gross_revenue) filter (where is_known and revenue is not null) as gross_revenue,
        sum(quantity) filter (where is_known and revenue is not null) as quantity_priced,
        count(*) filter (where is_known) as n_lines,
        cast(0 as double) as returned_quantity
    from {{ panel.name }}_lines
    group by ds, {{ panel.grain | join(', ') }}
),

{% if from_sales %}
{{ panel.name }}_returns as (
    select
        periods.ds,
        {% for key in panel.grain %}returned.{{ key }}, {% endfor %}
        sum(returned.quantity) as returned_quantity
    from {{ ref('warehouse_forecaster', 'int_returns') }} as returned
    inner join periods
        on
            periods.panel_name = '{{ panel.name }}'
            and periods.ds = {{ warehouse_forecaster.period_start('returned.returned_on', frequency) }}
            and returned.recorded_at < periods.closes_at
    where true{% for key in panel.grain %} and returned.{{ key }} is not null{% endfor %}

    group by periods.ds{% for key in panel.grain %}, returned.{{ key }}{% endfor %}

),

{{ panel.name }}_both as (
    select * from {{ panel.name }}_demand
    union all
    select
        ds,
        {{ panel.grain | join(', ') }},
        null as known_from,
        0 as quantity,
        0 as quantity_latest,
        0 as revenue,
        null as gross_revenue,
        null as quantity_priced,
        0 as n_lines,
        returned_quantity
    from {{ panel.name }}_returns
),
{% endif %}

{{ panel.name }}_series as (
    select
        '{{ panel.name }}' as panel_name,
        {{ warehouse_forecaster.join_id(panel.grain) }} as unique_id,
        {{ warehouse_forecaster.key_columns(panel) }},
        ds,
        {%- if from_sales %}
        min(known_from) as known_from,
        {%- for column in ['quantity', 'quantity_latest', 'revenue', 'gross_revenue', 'quantity_priced', 'n_lines', 'returned_quantity'] %}
        sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_both
    group by ds, {{ panel.grain | join(', ') }}
    {%- else %}
        known_from,
        quantity,
        quantity_latest,
        revenue,
        gross_revenue,
        quantity_priced,
        n_lines,
        returned_quantity
    from {{ panel.name }}_demand
    {%- endif %}
),
{%- endif %}
{% endfor %}

panels as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select * from {{ panel.name }}_series
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- sums of fractions depend on their order, which threads change: rounded sums, and ratios of them, do not
rounded as (
    select
        panel_name,
        unique_id,
        item_id,
        location_id,
        customer_id,
        ds,
        known_from,
        {%- for column in ['quantity', 'quantity_latest', 'revenue', 'gross_revenue', 'quantity_priced', 'returned_quantity'] %}
        {{ warehouse_forecaster.rounded(column) }} as {{ column }},
        {%- endfor %}
        n_lines
    from panels
),

final as (
    select
        -- ids
        panel_name,
        unique_id,
        item_id,
        location_id,
        customer_id,
        -- dates
        ds,
        known_from,
        -- numerics
        quantity,
        quantity_latest,
        revenue,
        revenue / nullif(quantity_priced, 0) as price_paid,
        1 - revenue / nullif(gross_revenue, 0) as discount_paid,
        cast(n_lines as bigint) as n_lines,
        returned_quantity
    from rounded
)

select * from final
