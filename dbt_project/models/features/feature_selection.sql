-- The ids of the series drawn are looked for where the panel is read, which DuckDB does for 50 unless told.
{{ config(
    pre_hook="set dynamic_or_filter_threshold = 1000",
    post_hook="reset dynamic_or_filter_threshold"
) }}
-- What a feature says of demand, on rows up to the earliest cutoff of series begun by then, drawn by the hash of their id: at most 500
-- series, of a long history as many as make half a million rows. A correlation is known to .0014 then, and what is let go has .005.
-- A past feature is held against the mean of the next horizon, one known in advance against its own period.
{%- set most_series, least_series, most_rows = 500, 50, 500000 %}
{%- set days_of = {'day': 1, 'week': 7, 'month': 30} %}
{%- set known = [] %}
{%- set past = [] %}
{%- for feature in warehouse_forecaster.get_features() if feature.role in ['past', 'known_future'] %}
{%- do (known if feature.role == 'known_future' else past).append(feature.name) %}
{%- endfor %}
{#- of two alike the one known in advance stays: it says more #}
{%- set features = known + past %}

with earliest as (
    select
        panel_name,
        min(cutoff) as cutoff
    from {{ ref('warehouse_forecaster', 'cutoffs') }}
    group by panel_name
),

ranked as (
    select
        series.panel_name,
        series.unique_id,
        row_number() over (partition by series.panel_name order by md5(series.unique_id), series.unique_id) as series_rank,
        earliest.cutoff - min(series.first_ds) over (partition by series.panel_name) + 1 as n_days
    from {{ ref('warehouse_forecaster', 'int_series') }} as series
    inner join earliest
        on
            series.panel_name = earliest.panel_name
            and series.first_ds <= earliest.cutoff
),

{#- Each panel by itself: hundreds of aggregates without groups take half of the time. #}
{% for panel in warehouse_forecaster.get_panels() %}
{{ panel.name }}_history as (
    select
        panel.*,
        ranked.series_rank
    from {{ ref('warehouse_forecaster', 'panel_extended') }} as panel
    inner join ranked
        on
            panel.panel_name = ranked.panel_name
            and panel.unique_id = ranked.unique_id
            and ranked.series_rank <= least({{ most_series }}, greatest(
                {{ least_series }}, {{ most_rows * days_of[panel.frequency] }} // ranked.n_days
            ))
    inner join earliest
        on
            panel.panel_name = earliest.panel_name
            and panel.ds <= earliest.cutoff
    where panel.panel_name = '{{ panel.name }}'
),

{{ panel.name }}_rows as (
    select
        *,
        avg(y_train) over (
            partition by unique_id order by ds rows between 1 following and {{ panel.horizon }} following
        ) as y_next
    from {{ panel.name }}_history
),

-- two columns of numbers without meaning: features with the same correlation to both, and to y, are the same up to a straight line
{{ panel.name }}_probed as (
    select
        *,
        sin(period_index * 12.9898 + series_rank * 78.233) as probe_1,
        sin(period_index * 39.3467 + series_rank * 11.135) as probe_2
    from {{ panel.name }}_rows
),

{{ panel.name }}_measured as (
    select
        {%- for feature in features %}
        {%- set column = adapter.quote(feature) %}
        {%- set x = 'cast(' ~ column ~ ' as double)' %}
        {%- set y = 'y_next' if feature in past else 'y_train' %}
        count({{ column }}) as n_{{ loop.index }},
        count(distinct {{ column }}) as distinct_{{ loop.index }},
        {{ warehouse_forecaster.correlation(x, y) }} as straight_{{ loop.index }},
        {{ warehouse_forecaster.correlation(x, 'ln(1 + abs(' ~ y ~ '))') }} as logged_{{ loop.index }},
        {{ warehouse_forecaster.correlation(x ~ ' * ' ~ x, 'ln(1 + abs(' ~ y ~ '))') }} as squared_{{ loop.index }},
        {{ warehouse_forecaster.correlation(x, 'y') }} as y_{{ loop.index }},
        {{ warehouse_forecaster.correlation(x, 'probe_1') }} as probe_1_{{ loop.index }},
        {{ warehouse_forecaster.correlation(x, 'probe_2') }} as probe_2_{{ loop.index }},
        {%- endfor %}
        '{{ panel.name }}' as panel_name
    from {{ panel.name }}_probed
    having count(*) > 0
),
{% endfor %}

measured as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select * from {{ panel.name }}_measured
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

stacked as (
    {%- for feature in features %}
    select
        panel_name,
        '{{ feature | replace("'", "''") }}' as feature_name,
        {{ loop.index }} as position,
        n_{{ loop.index }} as n_rows,
        distinct_{{ loop.index }} as n_distinct,
        greatest(straight_{{ loop.index }}, logged_{{ loop.index }}, squared_{{ loop.index }}) as correlation,
        round(y_{{ loop.index }}, 9) as signature_y,
        round(probe_1_{{ loop.index }}, 9) as signature_1,
        round(probe_2_{{ loop.index }}, 9) as signature_2
    from measured
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as varchar) as panel_name,
        cast(null as varchar) as feature_name,
        0 as position,
        0 as n_rows,
        0 as n_distinct,
        0.0 as correlation,
        0.0 as signature_y,
        0.0 as signature_1,
        0.0 as signature_2
    where false
    {%- endfor %}
),

paired as (
    select
        *,
        first_value(feature_name) over (
            partition by panel_name, n_rows, n_distinct, signature_y, signature_1, signature_2 order by position
        ) as first_alike
    from stacked
),

judged as (
    select
        *,
        n_distinct < 2 as is_constant,
        -- on a handful of rows all columns are alike
        n_distinct >= 2 and n_rows >= 20 and first_alike <> feature_name as is_duplicate,
        n_distinct >= 2 and n_rows >= 1000 and correlation < 0.005 as is_uninformative
    from paired
),

final as (
    select
        panel_name,
        feature_name,
        cast(n_rows as bigint) as n_rows,
        cast(n_distinct as bigint) as n_distinct,
        cast(case when n_distinct >= 2 then round(correlation, 6) end as double) as correlation,
        case when is_duplicate then first_alike end as duplicate_of,
        is_constant,
        is_duplicate,
        is_uninformative,
        not (is_constant or is_duplicate or is_uninformative) as is_active
    from judged
)

select * from final
