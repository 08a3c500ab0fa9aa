{#-
    CTEs, after those of `scored_pairs`, that end in `slice_scores`: one row per run, cutoff, level and slice, one column per
    metric of `metric_columns`. Slices: all; each horizon step; each segment; with `by_series` each series of the bottom level.
    All but the first are taken with stock-outs left out and against the first known actuals.
-#}
{% macro slice_scores(by_series=false) %}
{%- set metrics = warehouse_forecaster.metric_columns() %}
{%- set run_keys = ['run_id', 'panel_name', 'model_name', 'level', 'cutoff', 'stockouts', 'actuals'] %}
{%- set slices = [
    {'name': 'overall', 'by': [], 'from': 'scored_pairs'},
    {'name': 'by_step', 'by': ['horizon_step'], 'from': 'default_pairs'},
    {'name': 'by_segment', 'by': ['segment_type', 'segment'], 'from': 'segmented_pairs'},
] %}
{%- if by_series %}{% do slices.append({'name': 'by_series', 'by': ['series_id'], 'from': 'series_pairs'}) %}{% endif %}
default_pairs as (
    select * from scored_pairs
    where stockouts = 'left out' and actuals = 'first known'
),

series_pairs as (
    select
        *,
        unique_id as series_id
    from default_pairs
    where level = 'bottom'
),

-- forecasts made at a cutoff that is no longer one of the panel's: segments as of the last one before
segment_cutoffs as (
    select
        origins.panel_name,
        origins.cutoff,
        max(segments.cutoff) as segment_cutoff
    from (select distinct panel_name, cutoff from origins) as origins
    inner join (select distinct panel_name, cutoff from {{ ref('warehouse_forecaster', 'segments') }}) as segments
        on origins.panel_name = segments.panel_name and origins.cutoff >= segments.cutoff
    group by origins.panel_name, origins.cutoff
),

segments_by_type as (
    {%- for segment_type in warehouse_forecaster.segment_types() %}
    select
        segment_cutoffs.panel_name,
        segment_cutoffs.cutoff,
        segments.unique_id,
        '{{ segment_type }}' as segment_type,
        segments.{{ segment_type }} as segment
    from segment_cutoffs
    inner join {{ ref('warehouse_forecaster', 'segments') }} as segments
        on segment_cutoffs.panel_name = segments.panel_name and segment_cutoffs.segment_cutoff = segments.cutoff
    where segments.{{ segment_type }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

segmented_pairs as (
    select
        series_pairs.*,
        segments_by_type.segment_type,
        segments_by_type.segment
    from series_pairs
    inner join segments_by_type
        on
            series_pairs.panel_name = segments_by_type.panel_name
            and series_pairs.cutoff = segments_by_type.cutoff
            and series_pairs.unique_id = segments_by_type.unique_id
),
{% for slice in slices %}
{%- set keys = run_keys + slice.by %}
{{ slice.name }}_pooled as (
    select
        {{ keys | join(', ') }},
        count(yhat) as n_obs,
        count(case when target_scale <> 0 then yhat end) as n_standardised,
        count(yhat_lower) as n_interval,
        count(crps) as n_quantile,
        count_if(is_left_out) as n_left_out,
        count_if(is_unforecast) as n_without_forecast,
        avg(confidence_level) as confidence_level,
        {%- for metric in metrics if metric.layer == 'pair' %}
        {{ metric.expression }} as {{ metric.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ slice.from }}
    group by {{ keys | join(', ') }}
),

{{ slice.name }}_nodes as (
    select
        {{ keys | join(', ') }},
        unique_id,
        count(yhat) as n_obs,
        sum(y) as total_y,
        sum(yhat) as total_yhat,
        max(squared_step) as squared_step,
        max(weight) as weight,
        {%- for metric in metrics if metric.layer == 'node' and metric.per_node %}
        {{ metric.per_node }} as {{ metric.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ slice.from }}
    group by {{ keys | join(', ') }}, unique_id
),

{{ slice.name }}_averaged as (
    select
        {{ keys | join(', ') }},
        count_if(n_obs > 0) as n_series,
        count_if(n_obs > 0 and coalesce(squared_step, 0) = 0) as n_undefined_scale,
        {%- for metric in metrics if metric.layer == 'node' %}
        {{ metric.expression }} as {{ metric.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ slice.name }}_nodes
    group by {{ keys | join(', ') }}
),

{{ slice.name }}_scores as (
    select
        {%- for key in run_keys %}
        pooled.{{ key }},
        {%- endfor %}
        {{ 'pooled.series_id' if 'series_id' in slice.by else 'cast(null as varchar)' }} as unique_id,
        {{ 'pooled.segment_type' if 'segment' in slice.by else 'cast(null as varchar)' }} as segment_type,
        {{ 'pooled.segment' if 'segment' in slice.by else 'cast(null as varchar)' }} as segment,
        {{ 'pooled.horizon_step' if 'horizon_step' in slice.by else 'cast(null as integer)' }} as horizon_step,
        pooled.n_obs,
        pooled.n_standardised,
        pooled.n_interval,
        pooled.n_quantile,
        pooled.n_left_out,
        pooled.n_without_forecast,
        averaged.n_series,
        averaged.n_undefined_scale,
        pooled.confidence_level,
        {%- for metric in metrics %}
        {{ 'pooled' if metric.layer == 'pair' else 'averaged' }}.{{ metric.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ slice.name }}_pooled as pooled
    inner join {{ slice.name }}_averaged as averaged
        on
            {% for key in keys -%}
            {{ 'and ' if not loop.first }}pooled.{{ key }} = averaged.{{ key }}
            {% endfor %}
),
{% endfor %}
slice_scores as (
    {%- for slice in slices %}
    select * from {{ slice.name }}_scores
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{% endmacro %}
