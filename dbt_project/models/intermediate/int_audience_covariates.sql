-- Who bought a series over the long window before; a share nobody told takes the shop's, and 0 before anyone did. Null in the future.
{%- set absent = warehouse_forecaster.absent_covariates().get('int_audience_covariates') %}
{{ config(
    materialized='view' if absent else 'incremental', incremental_strategy='replace_onwards', on_schema_change='sync_all_columns',
    post_hook=[] if absent else '{{ warehouse_forecaster.record_build() }}',
) }}
{% if absent %}
{{ warehouse_forecaster.constant_covariates(absent) }}
{% else %}
{%- set starts = warehouse_forecaster.rebuild_starts() %}
{%- set panels = warehouse_forecaster.get_panels() %}
{%- set told = {
    'audience_age': ['ages', 'n_aged', ['birth_year', 'age']], 'audience_female_share': ['n_female', 'n_gendered', ['gender']],
    'audience_top_region_share': ['n_top_region', 'n_placed', ['region']],
} %}
{#- a column that is not mapped is no feature: nothing of it is made up -#}
{%- set mapped = (warehouse_forecaster.get_inputs().customers or {}).columns or {} %}

with
{%- for panel in panels %}
{%- if 'customer_id' in panel.grain or panel.nodes_of %}
-- A customer is its own audience, and a node has its members'.
{{ panel.name }}_rows as (
    select
        panel_name,
        unique_id,
        ds,
        is_future,
        {%- for column in told %}
        0 as {{ column }},
        false as is_{{ column }}_imputed,
        {%- endfor %}
        0 as audience_size
    from {{ ref('warehouse_forecaster', 'int_spine') }}
    where panel_name = '{{ panel.name }}' and {{ warehouse_forecaster.since(starts, panel) }}
),
{%- else %}
{%- set windows = warehouse_forecaster.windows(panel) %}
{%- set block = windows.short if panel.frequency == 'day' else 1 %}
{{ panel.name }}_shop as (
    select
        {%- for column, (sum_of, n_of, sources) in told.items() %}
        sum({{ sum_of }}) / nullif(sum({{ n_of }}), 0) as {{ column }},
        {%- endfor %}
        block
    from {{ ref('warehouse_forecaster', 'int_audience') }}
    where panel_name = '{{ panel.name }}'
    group by block
),

{{ panel.name }}_rows as (
    select
        spine.panel_name,
        spine.unique_id,
        spine.ds,
        spine.is_future,
        {%- for column, (sum_of, n_of, sources) in told.items() %}
        coalesce(audience.{{ sum_of }} / nullif(audience.{{ n_of }}, 0), shop.{{ column }}, 0) as {{ column }},
        {{ 'coalesce(audience.' ~ n_of ~ ', 0) = 0' if sources | select('in', mapped) | list else 'false' }} as is_{{ column }}_imputed,
        {%- endfor %}
        coalesce(audience.n_customers, 0) as audience_size
    from {{ ref('warehouse_forecaster', 'int_spine') }} as spine
    -- The last block that had closed with the period.
    left join {{ ref('warehouse_forecaster', 'int_audience') }} as audience
        on
            audience.panel_name = '{{ panel.name }}'
            {%- for key in panel.grain %}
            and spine.{{ key }} = audience.{{ key }}
            {%- endfor %}
            and (spine.period_index + 1) // {{ block }} - 1 = audience.block
    left join {{ panel.name }}_shop as shop on (spine.period_index + 1) // {{ block }} - 1 = shop.block
    where spine.panel_name = '{{ panel.name }}' and {{ warehouse_forecaster.since(starts, panel, 'spine.ds') }}
),
{%- endif %}
{% endfor %}
final as (
    {%- for panel in panels %}
    select
        panel_name,
        unique_id,
        ds,
        case when not is_future then {{ warehouse_forecaster.rounded('audience_size') }} end as audience_size,
        {%- for column in told %}
        case when not is_future then {{ warehouse_forecaster.rounded(column) }} end as {{ column }},
        {%- endfor %}
        {%- for column in told %}
        not is_future and is_{{ column }}_imputed as is_{{ column }}_imputed{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
{% endif %}
