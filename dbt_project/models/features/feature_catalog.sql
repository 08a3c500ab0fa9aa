-- Built anew from the yml on every build: a feature is one column and its yml entry.
{%- set features = warehouse_forecaster.get_features() %}
{%- set static = features | selectattr('role', 'in', ['static_numeric', 'static_categorical', 'static_text']) | list %}
{%- set categorical = static | selectattr('role', 'equalto', 'static_categorical') | map(attribute='name') | list %}

with selection as (
    select * from {{ ref('warehouse_forecaster', 'feature_selection') }}
),

earliest as (
    select
        panel_name,
        min(cutoff) as cutoff
    from {{ ref('warehouse_forecaster', 'cutoffs') }}
    group by panel_name
),

-- the series that had begun: what a later one brings, no choice may have seen
begun as (
    select series.*
    from {{ ref('warehouse_forecaster', 'series') }} as series
    inner join earliest
        on
            series.panel_name = earliest.panel_name
            and series.first_ds <= earliest.cutoff
),

series_counts as (
    select
        {%- for feature in static %}
        count(distinct {{ adapter.quote(feature.name) }}) as n_{{ loop.index }},
        {%- endfor %}
        panel_name
    from begun
    group by panel_name
),

static_counts as (
    {%- for feature in static %}
    select
        panel_name,
        '{{ feature.name }}' as feature_name,
        n_{{ loop.index }} as n_distinct
    from series_counts
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as varchar) as panel_name,
        cast(null as varchar) as feature_name,
        cast(null as bigint) as n_distinct
    where false
    {%- endfor %}
),

-- far fewer rows than series
profiles as (
    select distinct
        {%- for name in categorical %}
        {{ adapter.quote(name) }},
        {%- endfor %}
        panel_name
    from begun
),

-- two of as many values as there are pairs of them go one to one: each tells the other
twins as (
    {%- for first in categorical %}
    {%- for second in categorical[loop.index:] %}
    {%- set pair = [adapter.quote(first), adapter.quote(second)] %}
    select
        panel_name,
        '{{ second }}' as feature_name,
        '{{ first }}' as twin,
        {{ categorical.index(first) }} as position
    from profiles
    group by panel_name
    having
        count(distinct {{ warehouse_forecaster.join_id(pair) }}) = count(distinct {{ pair[0] }})
        and count(distinct {{ pair[0] }}) = count(distinct {{ pair[1] }})
    union all
    {%- endfor %}
    {%- endfor %}
    select
        cast(null as varchar) as panel_name,
        cast(null as varchar) as feature_name,
        cast(null as varchar) as twin,
        0 as position
    where false
),

-- the first listed of those alike stays, and no other names it
repeated as (
    select
        panel_name,
        feature_name,
        min_by(twin, position) as duplicate_of
    from twins
    group by panel_name, feature_name
),

-- what was seen before the earliest cutoff: a course of the year needs more than one to be told from chance
history as (
    select
        settings.panel_name,
        earliest.cutoff - settings.first_period as n_days
    from {{ ref('warehouse_forecaster', 'settings') }} as settings
    inner join earliest on settings.panel_name = earliest.panel_name
),

panels as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select '{{ panel.name }}' as panel_name
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

described as (
    {%- for feature in features %}
    {%- set source = warehouse_forecaster.feature_source(feature) %}
    select
        '{{ feature.name | replace("'", "''") }}' as feature_name,
        '{{ feature.relation }}' as relation_name,
        '{{ feature.role }}' as role,
        '{{ feature.scaling or 'none' }}' as scaling,
        {{ "'" ~ source.name ~ "'" if source.name else 'cast(null as varchar)' }} as input_name,
        {{ "'" ~ feature.summary_of ~ "'" if feature.summary_of else 'cast(null as varchar)' }} as summary_of,
        {{ 'true' if source.is_present else 'false' }} as is_present,
        {{ feature.years }} as n_years,
        '{{ (feature.description ~ source.note) | replace("'", "''") }}' as description
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as varchar) as feature_name,
        cast(null as varchar) as relation_name,
        cast(null as varchar) as role,
        cast(null as varchar) as scaling,
        cast(null as varchar) as input_name,
        cast(null as varchar) as summary_of,
        cast(null as boolean) as is_present,
        0 as n_years,
        cast(null as varchar) as description
    where false
    {%- endfor %}
),

judged as (
    select
        panels.panel_name,
        described.*,
        case
            when not described.is_present then 'input ' || described.input_name || ' is absent'
            when described.n_years > 0 and coalesce(history.n_days, 0) < described.n_years * 364
                then 'needs ' || described.n_years || ' years of history before the earliest cutoff'
            when described.relation_name = 'series' and described.role like 'static%' and static_counts.n_distinct is null
                then 'no series had begun by the earliest cutoff'
            when static_counts.n_distinct < 2 then 'all series are alike'
            when repeated.duplicate_of is not null then 'says the same as ' || repeated.duplicate_of
            when selection.is_constant then 'never varies up to the earliest cutoff'
            when selection.is_duplicate then 'says the same as ' || selection.duplicate_of
            when selection.is_uninformative then 'says nothing about demand up to the earliest cutoff'
            when described.role in ('past', 'known_future') and selection.feature_name is null then 'no history before the earliest cutoff'
        end as inactive_reason
    from panels
    cross join described
    left join history on panels.panel_name = history.panel_name
    left join selection
        on
            panels.panel_name = selection.panel_name
            and described.feature_name = selection.feature_name
            and described.role in ('past', 'known_future')
    left join static_counts
        on
            panels.panel_name = static_counts.panel_name
            and described.feature_name = static_counts.feature_name
            and described.relation_name = 'series'
    left join repeated
        on
            panels.panel_name = repeated.panel_name
            and described.feature_name = repeated.feature_name
            and described.relation_name = 'series'
),

final as (
    select
        panel_name,
        feature_name,
        relation_name,
        role,
        scaling,
        inactive_reason is null as is_active,
        inactive_reason,
        input_name,
        summary_of,
        description
    from judged
)

select * from final
