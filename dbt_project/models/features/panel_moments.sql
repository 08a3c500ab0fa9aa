-- One pass over the panel; `scaling` reads these few rows instead. A team's own columns may change anywhere, so with them all is read again.
{{ config(
    materialized='table' if var('extra_features', []) else 'incremental', incremental_strategy='replace_onwards',
    on_schema_change='sync_all_columns', post_hook='{{ warehouse_forecaster.record_build() }}',
) }}
{%- set starts = warehouse_forecaster.rebuild_starts() %}
{%- set scaled = [] %}
{%- for feature in warehouse_forecaster.get_features() if feature.relation == 'panel_extended' and feature.scaling in ['standard', 'log1p']
    and feature.role in ['actual', 'target', 'past', 'known_future'] %}
{%- do scaled.append(feature) %}
{%- endfor %}

with moments as (
    select
        {%- for feature in scaled %}
        {%- set column = adapter.quote(feature.name) %}
        {%- set value = warehouse_forecaster.scaled_value(column, feature.scaling) %}
        count({{ column }}) as n_{{ loop.index }},
        avg({{ value }}) as mean_{{ loop.index }},
        var_pop({{ value }}) as variance_{{ loop.index }},
        {%- endfor %}
        panel_name,
        ds
    from {{ ref('warehouse_forecaster', 'panel_extended') }}
    where {{ warehouse_forecaster.since_in_panels(starts) }}
    group by panel_name, ds
),

final as (
    select
        cast(null as varchar) as panel_name,
        cast(null as date) as ds,
        cast(null as varchar) as feature_name,
        cast(null as bigint) as n,
        cast(null as double) as mean,
        cast(null as double) as variance
    where false
    {%- for feature in scaled %}
    union all
    select
        panel_name,
        ds,
        '{{ feature.name | replace("'", "''") }}' as feature_name,
        n_{{ loop.index }} as n,
        mean_{{ loop.index }} as mean,
        variance_{{ loop.index }} as variance
    from moments
    where n_{{ loop.index }} > 0
    {%- endfor %}
)

select * from final
