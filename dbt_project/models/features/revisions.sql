-- A period is closed once; what is recorded of it later stands here and never changes the target.
with lines as (
    select * from {{ ref('warehouse_forecaster', 'int_demand_lines') }}
    -- only what may have come after the day's end: no time zone is more than 14 hours ahead of UTC
    where withdrawn_at is not null or recorded_at >= cast(demand_on as timestamp) + interval 10 hour
),

periods as (
    select * from {{ ref('warehouse_forecaster', 'int_periods') }}
    where is_complete
),

{#- histories of nodes have no record time, and so no revisions #}
{%- set panels = warehouse_forecaster.get_panels() | rejectattr('nodes_of') | list %}
{% for panel in panels %}
{{ panel.name }}_lines as (
    select
        '{{ panel.name }}' as panel_name,
        {{ warehouse_forecaster.join_id(warehouse_forecaster.qualified('lines', panel.grain)) }} as unique_id,
        periods.ds,
        periods.closes_at,
        lines.line_id,
        lines.recorded_at,
        lines.withdrawn_at,
        lines.withdrawn_by,
        lines.quantity
    from lines
    inner join periods
        on
            periods.panel_name = '{{ panel.name }}'
            and periods.ds = {{ warehouse_forecaster.period_start('lines.demand_on', panel.frequency) }}
    where
        (lines.recorded_at >= periods.closes_at or lines.withdrawn_at >= periods.closes_at)
        {%- if not panel.signed %}
        -- as in int_demand_by_period, which these rows add up with
        and lines.quantity >= 0
        {%- endif %}
        {%- for key in panel.grain %}
        and lines.{{ key }} is not null
        {%- endfor %}
),
{% endfor %}

revised_lines as (
    {%- for panel in panels %}
    select * from {{ panel.name }}_lines
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- a late line is a restatement where another version of the same demand was withdrawn by it
restatements as (
    select distinct
        panel_name,
        unique_id,
        ds,
        withdrawn_at as recorded_at
    from revised_lines
    where withdrawn_by = 'restatement'
),

additions as (
    select
        late.panel_name,
        late.unique_id,
        late.ds,
        late.recorded_at as revised_at,
        case when restatements.recorded_at is null then 'late' else 'restatement' end as reason,
        late.quantity as quantity_change
    from revised_lines as late
    left join restatements
        on
            late.panel_name = restatements.panel_name
            and late.unique_id = restatements.unique_id
            and late.ds = restatements.ds
            and late.recorded_at = restatements.recorded_at
    where
        late.recorded_at >= late.closes_at
        and coalesce(late.withdrawn_at >= late.closes_at, true)
),

withdrawals as (
    select
        panel_name,
        unique_id,
        ds,
        withdrawn_at as revised_at,
        withdrawn_by as reason,
        -quantity as quantity_change
    from revised_lines
    where withdrawn_at >= closes_at
),

changes as (
    select * from additions
    union all
    select * from withdrawals
),

final as (
    select
        panel_name,
        unique_id,
        ds,
        {{ warehouse_forecaster.business_date('revised_at') }} as revised_on,
        cast(reason as varchar) as reason,
        {{ warehouse_forecaster.rounded('sum(quantity_change)') }} as quantity_change
    from changes
    group by panel_name, unique_id, ds, {{ warehouse_forecaster.business_date('revised_at') }}, reason
)

select * from final
