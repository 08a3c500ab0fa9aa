{#-
    CTEs, after those of `scored_pairs`, that end in `slice_scores`: one row per run, cutoff, level and slice, one column per
    metric of `metric_columns`. Slices: all; each horizon step; each segment; with `by_series` each series of the bottom level.
    All but the first are taken with stock-outs left out and against the first known actuals.
-#}
{% macro slice_scores(by_series=false) %}
{%- set metrics = warehouse_forecaster.metric_columns() %}
{%- set run_keys = ['run_cutoff', 'level_number', 'variant'] %}
{%- set slices = [
    {'name': 'overall', 'by': [], 'from': 'scored_pairs'},
    {'name': 'by_step', 'by': ['horizon_step'], 'from': 'default_pairs'},
    {'name': 'by_segment', 'by': ['segment_number'], 'from': 'segmented_pairs'},
] %}
{%- if by_series %}{% do slices.append({'name': 'by_series', 'by': ['series'], 'from': 'series_pairs'}) %}{% endif %}
default_pairs as (
    select * from scored_pairs
    where variant = 0
),

series_pairs as (
    select
        *,
        node as series
    from default_pairs
    where is_bottom
),

-- forecasts made at a cutoff that is no longer one of the panel's: segments as of the last one before
segment_cutoffs as (
    select
        run_cutoffs.run_cutoff,
        run_cutoffs.panel_name,
        max(segments.cutoff) as segment_cutoff
    from run_cutoffs
    inner join (select distinct panel_name, cutoff from {{ ref('warehouse_forecaster', 'segments') }}) as segments
        on run_cutoffs.panel_name = segments.panel_name and run_cutoffs.cutoff >= segments.cutoff
    group by run_cutoffs.run_cutoff, run_cutoffs.panel_name
),

segments_by_type as (
    {%- for segment_type in warehouse_forecaster.segment_types() %}
    select
        segment_cutoffs.run_cutoff,
        bottom_nodes.node,
        '{{ segment_type }}' as segment_type,
        segments.{{ segment_type }} as segment
    from segment_cutoffs
    inner join {{ ref('warehouse_forecaster', 'segments') }} as segments
        on segment_cutoffs.panel_name = segments.panel_name and segment_cutoffs.segment_cutoff = segments.cutoff
    inner join bottom_nodes on segments.panel_name = bottom_nodes.panel_name and segments.unique_id = bottom_nodes.unique_id
    where segments.{{ segment_type }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

segment_names as (
    select
        row_number() over (order by segment_type, segment) as segment_number,
        segment_type,
        segment
    from (select distinct segment_type, segment from segments_by_type) as distinct_segments
),

node_segments as (
    select
        segments_by_type.run_cutoff,
        segments_by_type.node,
        segment_names.segment_number,
        segment_names.segment_type
    from segments_by_type
    inner join segment_names
        on segments_by_type.segment_type = segment_names.segment_type and segments_by_type.segment = segment_names.segment
),

segmented_pairs as (
    select
        series_pairs.*,
        node_segments.segment_number
    from series_pairs
    inner join node_segments on series_pairs.run_cutoff = node_segments.run_cutoff and series_pairs.node = node_segments.node
),

level_names as (
    select distinct
        level_number,
        level
    from nodes
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
        node,
        count(yhat) as n_obs,
        sum(y) as total_y,
        sum(yhat) as total_yhat,
        max(squared_step) as squared_step,
        max(weight) as weight,
        {%- for metric in metrics if metric.layer == 'node' and metric.per_node %}
        {{ metric.per_node }} as {{ metric.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ slice.from }}
    group by {{ keys | join(', ') }}, node
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
        pooled.run_cutoff,
        pooled.level_number,
        pooled.variant,
        {{ 'pooled.series' if 'series' in slice.by else 'cast(null as bigint)' }} as series,
        {{ 'pooled.segment_number' if 'segment_number' in slice.by else 'cast(null as bigint)' }} as segment_number,
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
numbered_scores as (
    {%- for slice in slices %}
    select * from {{ slice.name }}_scores
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

slice_scores as (
    select
        run_cutoffs.run_id,
        run_cutoffs.panel_name,
        run_cutoffs.model_name,
        level_names.level,
        run_cutoffs.cutoff,
        {%- for column in ['stockouts', 'actuals'] %}
        case numbered_scores.variant
            {%- for variant in warehouse_forecaster.score_variants() %}
            when {{ variant.number }} then '{{ variant[column] }}'
            {%- endfor %}
        end as {{ column }},
        {%- endfor %}
        bottom_nodes.unique_id,
        segment_names.segment_type,
        segment_names.segment,
        numbered_scores.* exclude (run_cutoff, level_number, variant, series, segment_number)
    from numbered_scores
    inner join run_cutoffs on numbered_scores.run_cutoff = run_cutoffs.run_cutoff
    inner join level_names on numbered_scores.level_number = level_names.level_number
    left join bottom_nodes on numbered_scores.series = bottom_nodes.node
    left join segment_names on numbered_scores.segment_number = segment_names.segment_number
)
{% endmacro %}
