-- One row per thing that was counted on the way from the inputs to the panels: what came in, what was rejected, changed or made up.
{%- set inputs = [
    'sales', 'demand', 'events', 'items', 'customers', 'locations', 'inventory', 'prices', 'promotions', 'holidays', 'closures',
    'market', 'suppliers', 'aggregates', 'metric_scales',
] %}
{%- set flags = {
    'is_stocked_out': 'out of stock', 'is_stockout_inferred': 'out of stock, inferred', 'is_winsorised': 'outlier winsorised',
    'is_price_imputed': 'price imputed', 'is_price_paid_imputed': 'price paid imputed',
    'is_audience_age_imputed': 'audience age imputed', 'is_audience_female_share_imputed': 'audience female share imputed',
    'is_audience_top_region_share_imputed': 'audience top region share imputed',
    'is_competitor_relative_price_imputed': 'competitor relative price imputed',
    'is_competitor_sales_imputed': 'competitor sales imputed', 'is_market_trend_imputed': 'market trend imputed',
} %}

{#- What attributes are filled in, and the columns they are read from: one that is not mapped is no feature, so nothing is made up. -#}
{%- set attributes = [
    ('items', 'int_item_attributes', 'item_id', {
        'launched_on': ['items.launched_on'], 'list_price': ['items.list_price'], 'unit_cost': ['items.unit_cost'],
        'volume': ['items.volume'], 'weight': ['items.weight'], 'pack_size': ['items.pack_size'],
        'lead_time': ['suppliers.lead_time_mean'],
    }),
    ('customers', 'int_customer_attributes', 'customer_id', {
        'joined_on': ['customers.joined_on'], 'customer_age': ['customers.birth_year', 'customers.age'],
    }),
] %}
{%- set made_up = [] %}
{%- for input, model, key, columns in attributes if warehouse_forecaster.has_input(input) %}
{%- for column, sources in columns.items() %}
{%- set mapped = [] %}
{%- for source in sources if warehouse_forecaster.has_column(source.split('.')[0], source.split('.')[1]) %}
{%- do mapped.append(source) %}
{%- endfor %}
{%- if mapped %}
{%- do made_up.append((input, model, key, column)) %}
{%- endif %}
{%- endfor %}
{%- endfor %}

with rows_read as (
    {%- for input in inputs if warehouse_forecaster.has_input(input) %}
    select
        '{{ input }}' as input_name,
        count(*) as n_rows
    from {{ ref('warehouse_forecaster', 'stg_' ~ input) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

attributes_made_up as (
    {%- for input, model, key, column in made_up %}
    select
        '{{ input }}' as input_name,
        '{{ column }} imputed' as check_name,
        count(*) as n_rows,
        min('{{ key }} ' || {{ key }}) as first_example
    from {{ ref('warehouse_forecaster', model) }}
    where is_{{ column }}_imputed
    union all
    {%- endfor %}
    select
        cast(null as varchar) as input_name,
        cast(null as varchar) as check_name,
        0 as n_rows,
        cast(null as varchar) as first_example
),

input_checks as (
    select
        input_name,
        'rows read' as check_name,
        'read' as treatment,
        n_rows,
        cast(null as double) as quantity,
        cast(null as varchar) as first_example
    from rows_read
    union all
    select
        input_name,
        reason as check_name,
        treatment,
        n_rows,
        quantity,
        first_example
    from {{ ref('warehouse_forecaster', 'int_rejections') }}
    union all
    select
        input_name,
        reason as check_name,
        'changed' as treatment,
        n_rows,
        quantity,
        first_example
    from {{ ref('warehouse_forecaster', 'int_attribute_rejections') }}
    union all
    select
        input_name,
        check_name,
        'changed' as treatment,
        n_rows,
        cast(null as double) as quantity,
        first_example
    from attributes_made_up
    where n_rows > 0
),

history as (
    select * from {{ ref('warehouse_forecaster', 'panel') }}
    where y is not null
),

history_rows as (
    select
        panel_name,
        count(*) as n_rows,
        sum(y) as quantity
    from history
    group by panel_name
),

flagged as (
    {%- for flag, check_name in flags.items() %}
    select
        panel_name,
        '{{ check_name }}' as check_name,
        count_if({{ flag }}) as n_rows,
        sum(case when {{ flag }} then y end) as quantity,
        min(case when {{ flag }} then cast(ds as varchar) || ', ' || unique_id end) as first_example
    from history
    group by panel_name
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

revised as (
    select
        panel_name,
        'revised after its period closed: ' || reason as check_name,
        count(*) as n_rows,
        sum(quantity_change) as quantity,
        min(cast(ds as varchar) || ', ' || unique_id) as first_example
    from {{ ref('warehouse_forecaster', 'revisions') }}
    group by panel_name, reason
),

panel_checks as (
    select
        panel_name,
        'rows of history' as check_name,
        'read' as treatment,
        n_rows,
        quantity,
        cast(null as varchar) as first_example
    from history_rows
    union all
    select
        panel_name,
        check_name,
        'flagged' as treatment,
        n_rows,
        quantity,
        first_example
    from flagged
    union all
    select
        panel_name,
        reason as check_name,
        'left out' as treatment,
        n_rows,
        quantity,
        cast(first_day as varchar) || ' to ' || cast(last_day as varchar) as first_example
    from {{ ref('warehouse_forecaster', 'int_panel_exclusions') }}
    union all
    select
        panel_name,
        'incomplete last period' as check_name,
        'left out' as treatment,
        1 as n_rows,
        cast(null as double) as quantity,
        excluded_reason as first_example
    from {{ ref('warehouse_forecaster', 'settings') }}
    where excluded_period is not null
    union all
    select
        panel_name,
        'incomplete first period' as check_name,
        'left out' as treatment,
        1 as n_rows,
        cast(null as double) as quantity,
        excluded_first_reason as first_example
    from {{ ref('warehouse_forecaster', 'settings') }}
    where excluded_first_period is not null
    union all
    select
        panel_name,
        check_name,
        'kept apart' as treatment,
        n_rows,
        quantity,
        first_example
    from revised
),

checks as (
    select
        input_name,
        cast(null as varchar) as panel_name,
        check_name,
        treatment,
        n_rows,
        quantity,
        first_example
    from input_checks
    union all
    select
        cast(null as varchar) as input_name,
        panel_name,
        check_name,
        treatment,
        n_rows,
        quantity,
        first_example
    from panel_checks
),

final as (
    select
        case when panel_name is null then 'input' else 'panel' end as subject,
        coalesce(panel_name, input_name) as subject_name,
        check_name,
        treatment,
        cast(n_rows as bigint) as n_rows,
        -- what is left out of a panel or kept apart is counted in lines, not in the panel's rows
        cast(
            case when treatment not in ('left out', 'kept apart') then n_rows end
            / nullif(max(case when treatment = 'read' then n_rows end) over (partition by input_name, panel_name), 0) as double
        ) as share_of_rows,
        cast(quantity as double) as quantity,
        first_example
    from checks
)

select * from final
