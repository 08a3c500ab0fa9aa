-- The lags and windows of a panel stand in one set of frames over its dense spine, each strictly before `ds`.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_onwards',
    on_schema_change='append_new_columns',
    contract={'enforced': true},
    post_hook=[
        '{{ warehouse_forecaster.write_other_parts() }}',
        '{{ warehouse_forecaster.record_build() }}',
        '{{ warehouse_forecaster.record_panel_build() }}',
    ],
) }}
-- depends_on: {{ ref('warehouse_forecaster', 'panel_builds') }}
{%- set starts = warehouse_forecaster.panel_starts() %}
{%- set parts = warehouse_forecaster.series_parts(starts) %}
{%- set past = ['returned_quantity', 'on_hand', 'price_paid', 'is_price_paid_imputed', 'discount_paid', 'was_promoted'] %}
{%- set sources = warehouse_forecaster.panel_sources() %}
{%- for model in ['int_behaviour_covariates', 'int_audience_covariates', 'int_market_covariates'] %}
{%- do past.extend(sources[model]) %}
{%- endfor %}
{%- set absent = warehouse_forecaster.absent_covariates() %}
{%- set from_target = [
    'lag_1', 'lag_season', 'lag_2_seasons', 'lag_4_seasons', 'lag_year', 'mean_short', 'mean_medium', 'mean_long', 'spread_medium',
    'spread_long', 'sold_share_medium', 'periods_since_sale',
] %}
{%- set target_columns = ['panel_name', 'unique_id', 'ds', 'period_index', 'is_future'] + sources.int_target.keys() | list %}
{%- set own = 'partition by unique_id order by ds rows between ' %}

with
{% for panel in warehouse_forecaster.get_panels() %}
{%- set w = warehouse_forecaster.windows(panel) %}
{%- set is_partial = (starts.get(panel.name) or '0001') >= '0002' %}
{%- set window = [w.four_seasons, w.long] | max %}
{{ panel.name }}_target as (
    select *
    from {{ ref('warehouse_forecaster', 'int_target') }}
    where
        panel_name = '{{ panel.name }}'
        and not is_future
        and {{ warehouse_forecaster.since(starts, panel, back=window if is_partial else 0) }}
        and {{ warehouse_forecaster.in_part(parts) }}
),

{{ panel.name }}_windows as (
    select
        *,
        lag(y_train, 1) over (partition by unique_id order by ds) as lag_1,
        lag(y_train, {{ w.season }}) over (partition by unique_id order by ds) as lag_season,
        lag(y_train, {{ w.two_seasons }}) over (partition by unique_id order by ds) as lag_2_seasons,
        lag(y_train, {{ w.four_seasons }}) over (partition by unique_id order by ds) as lag_4_seasons,
        {%- if not is_partial %}
        lag(y_train, {{ w.year }}) over (partition by unique_id order by ds) as lag_year,
        {%- endif %}
        avg(y_train) over ({{ own }}{{ w.short }} preceding and 1 preceding) as mean_short,
        avg(y_train) over ({{ own }}{{ w.medium }} preceding and 1 preceding) as mean_medium,
        avg(y_train) over ({{ own }}{{ w.long }} preceding and 1 preceding) as mean_long,
        stddev_samp(y_train) over ({{ own }}{{ w.medium }} preceding and 1 preceding) as spread_medium,
        stddev_samp(y_train) over ({{ own }}{{ w.long }} preceding and 1 preceding) as spread_long,
        avg(case when y <> 0 then 1.0 when y = 0 then 0.0 end) over ({{ own }}{{ w.medium }} preceding and 1 preceding) as sold_share_medium
    from {{ panel.name }}_target
),

{% if is_partial -%}
-- the windows of a few periods need not read all that lies between them and the year before
{{ panel.name }}_year_ago as (
    select
        unique_id,
        {{ warehouse_forecaster.period_add('ds', w.year, panel.frequency) }} as ds,
        y_train as lag_year
    from {{ ref('warehouse_forecaster', 'int_target') }}
    where
        panel_name = '{{ panel.name }}'
        and {{ warehouse_forecaster.since(starts, panel, back=w.year) }}
        and ds <= (
            select {{ warehouse_forecaster.period_add('max(ds)', -w.year, panel.frequency) }}
            from {{ ref('warehouse_forecaster', 'int_periods') }}
            where panel_name = '{{ panel.name }}' and is_complete
        )
        and {{ warehouse_forecaster.in_part(parts) }}
),
{%- endif %}

{{ panel.name }}_past as (
    select
        windows.*,
        {%- if is_partial %}
        year_ago.lag_year,
        {%- endif %}
        windows.period_index - windows.last_sale_index as periods_since_sale
    from {{ panel.name }}_windows as windows
    {%- if is_partial %}
    left join {{ panel.name }}_year_ago as year_ago
        on
            windows.unique_id = year_ago.unique_id
            and windows.ds = year_ago.ds
    {%- endif %}
    where {{ warehouse_forecaster.since(starts, panel, 'windows.ds') }}
),

-- nothing of the target's past is said about periods to come
{{ panel.name }}_future as (
    select
        *,
        {%- for column in from_target %}
        cast(null as double) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('warehouse_forecaster', 'int_target') }}
    where
        panel_name = '{{ panel.name }}'
        and is_future
        and {{ warehouse_forecaster.since(starts, panel) }}
        and {{ warehouse_forecaster.in_part(parts) }}
),

{{ panel.name }}_features as (
    {%- for part in ['past', 'future'] %}
    select
        {%- for column in target_columns + from_target %}
        {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ panel.name }}_{{ part }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),
{% endfor %}

features as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select * from {{ panel.name }}_features
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        -- keys
        features.panel_name,
        features.unique_id,
        features.ds,
        cast(features.period_index as integer) as period_index,
        features.is_future,
        -- target
        {%- for column, type in sources.int_target.items() if column not in past %}
        cast(features.{{ column }} as {{ type }}) as {{ column }},
        {%- endfor %}
        -- from the target's past: nothing of it is said about periods to come
        {%- for column in ['lag_1', 'lag_season', 'lag_2_seasons', 'lag_4_seasons', 'lag_year'] %}
        case when not features.is_future then cast(features.{{ column }} as double) end as {{ column }},
        {%- endfor %}
        {%- for column in ['mean_short', 'mean_medium', 'mean_long', 'spread_medium', 'spread_long', 'sold_share_medium'] %}
        case when not features.is_future then {{ warehouse_forecaster.rounded('features.' ~ column) }} end as {{ column }},
        {%- endfor %}
        case when not features.is_future then cast(features.periods_since_sale as double) end as periods_since_sale,
        case when not features.is_future then cast(features.returned_quantity as double) end as returned_quantity
        {%- for model, columns in sources.items() if model != 'int_target' %}
        {%- for column, type in columns.items() %},
        {% set value = absent[model][column] | string | lower if model in absent else model ~ '.' ~ column -%}
        {% if column in past -%}
        case when not features.is_future then cast({{ value }} as {{ type }}) end as {{ column }}
        {%- else -%}
        cast({{ value }} as {{ type }}) as {{ column }}
        {%- endif %}
        {%- endfor %}
        {%- endfor %}
    from features
    {%- for model in sources if model != 'int_target' and model not in absent %}
    left join {{ ref('warehouse_forecaster', model) }} as {{ model }}
        on
            features.panel_name = {{ model }}.panel_name
            and features.unique_id = {{ model }}.unique_id
            and features.ds = {{ model }}.ds
            and {{ warehouse_forecaster.since_in_panels(starts, model) }}
            and {{ warehouse_forecaster.in_part(parts, model ~ '.unique_id') }}
    {%- endfor %}
)

select * from final
