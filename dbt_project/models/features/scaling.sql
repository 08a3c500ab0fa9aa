-- Every cutoff's scales follow from each feature's count, mean and variance by period.
{%- set scaled = [] %}
{%- for feature in warehouse_forecaster.get_features()
    if feature.role in ['actual', 'target', 'past', 'known_future', 'static_numeric'] %}
{%- do scaled.append(feature) %}
{%- endfor %}
{%- set static = scaled | selectattr('relation', 'equalto', 'series') | list %}

with cutoffs as (
    select * from {{ ref('warehouse_forecaster', 'cutoffs') }}
),

series_moments as (
    select
        {%- for feature in static if feature.scaling in ['standard', 'log1p'] %}
        {%- set column = adapter.quote(feature.name) %}
        {%- set value = warehouse_forecaster.scaled_value(column, feature.scaling) %}
        count({{ column }}) as n_{{ loop.index }},
        avg({{ value }}) as mean_{{ loop.index }},
        var_pop({{ value }}) as variance_{{ loop.index }},
        {%- endfor %}
        panel_name,
        first_ds as ds
    from {{ ref('warehouse_forecaster', 'series') }}
    group by panel_name, first_ds
),

moments as (
    select * from {{ ref('warehouse_forecaster', 'panel_moments') }}
    {%- for feature in static if feature.scaling in ['standard', 'log1p'] %}
    union all
    select
        panel_name,
        ds,
        '{{ feature.name | replace("'", "''") }}' as feature_name,
        n_{{ loop.index }} as n,
        mean_{{ loop.index }} as mean,
        variance_{{ loop.index }} as variance
    from series_moments
    where n_{{ loop.index }} > 0
    {%- endfor %}
),

-- every feature has a row at every cutoff, seen by then or not
features as (
    {%- for feature in scaled %}
    select
        '{{ feature.name | replace("'", "''") }}' as feature_name,
        '{{ feature.scaling or 'none' }}' as method
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as varchar) as feature_name,
        cast(null as varchar) as method
    where false
    {%- endfor %}
),

before_validation as (
    select
        cutoffs.panel_name,
        cutoffs.cutoff,
        moments.feature_name,
        moments.n,
        moments.mean,
        moments.variance
    from cutoffs
    inner join moments
        on
            cutoffs.panel_name = moments.panel_name
            and cutoffs.validation_start > moments.ds
),

centres as (
    select
        panel_name,
        cutoff,
        feature_name,
        sum(n * mean) / sum(n) as centre
    from before_validation
    group by panel_name, cutoff, feature_name
),

-- deviations are taken from the overall mean: a difference of squares would lose what a large mean drowns
scales as (
    select
        moments.panel_name,
        moments.cutoff,
        moments.feature_name,
        max(centres.centre) as centre,
        sqrt(
            sum(moments.n * (moments.variance + (moments.mean - centres.centre) * (moments.mean - centres.centre)))
            / sum(moments.n)
        ) as scale
    from before_validation as moments
    inner join centres
        on
            moments.panel_name = centres.panel_name
            and moments.cutoff = centres.cutoff
            and moments.feature_name = centres.feature_name
    group by moments.panel_name, moments.cutoff, moments.feature_name
),

final as (
    select
        cutoffs.panel_name,
        cutoffs.cutoff,
        features.feature_name,
        features.method,
        coalesce(round(scales.centre, 9), 0.0) as centre,
        case
            -- what never varied before has no scale: 1 leaves it as it is
            when coalesce(scales.scale, 0) <= 1e-9 * greatest(1, abs(scales.centre)) then 1.0
            else greatest(round(scales.scale, 9), 1e-9)
        end as scale
    from cutoffs
    cross join features
    left join scales
        on
            cutoffs.panel_name = scales.panel_name
            and cutoffs.cutoff = scales.cutoff
            and features.feature_name = scales.feature_name
)

select * from final
