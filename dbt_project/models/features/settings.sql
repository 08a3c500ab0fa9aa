{%- set delay = warehouse_forecaster.business('closing_delay_hours') %}
{%- set excluded_delay = " || ', or not for the " ~ delay ~ " hours of business.closing_delay_hours'" if warehouse_forecaster.closing_delay() %}

with as_of as (
    select * from {{ ref('warehouse_forecaster', 'int_as_of') }}
),

exclusions as (
    select
        panel_name,
        max(case when reason = 'before the first complete period' then last_day end) as day_before,
        min(case when reason = 'after the last complete period' then first_day end) as day_after
    from {{ ref('warehouse_forecaster', 'int_panel_exclusions') }}
    group by panel_name
),

bounds as (
    select
        panel_name,
        min(ds) as first_period,
        max(ds) as last_period,
        max(period_end) as history_end
    from {{ ref('warehouse_forecaster', 'int_periods') }}
    where is_complete
    group by panel_name
),

series as (
    select
        panel_name,
        count(*) as n_series
    from {{ ref('warehouse_forecaster', 'int_series') }}
    group by panel_name
),

backtests as (
    select
        panel_name,
        count(*) as n_backtests
    from {{ ref('warehouse_forecaster', 'cutoffs') }}
    where is_backtest
    group by panel_name
),

panels as (
    {%- for panel in warehouse_forecaster.get_panels() %}
    select
        '{{ panel.name }}' as panel_name,
        '{{ panel.frequency }}' as frequency,
        {{ panel.horizon }} as horizon,
        {{ panel.season_length }} as season_length,
        '{{ 'level/node_id' if panel.nodes_of else panel.grain | join('/') }}' as grain,
        {{ "'" ~ panel.nodes_of ~ "'" if panel.nodes_of else 'cast(null as varchar)' }} as nodes_of,
        {{ 'true' if panel.signed else 'false' }} as is_signed,
        {{ warehouse_forecaster.backtest_cutoffs(panel) | length }} as n_backtests_asked,
        max({{ warehouse_forecaster.period_start('exclusions.day_after', panel.frequency) }}) as period_after,
        -- a late record of a day long before is no incomplete period
        max(case
            when {{ warehouse_forecaster.periods_between(
                warehouse_forecaster.period_start('exclusions.day_before', panel.frequency), 'bounds.first_period', panel.frequency
            ) }} = 1
                then {{ warehouse_forecaster.period_start('exclusions.day_before', panel.frequency) }}
        end) as period_before
    from exclusions
    left join bounds on exclusions.panel_name = bounds.panel_name
    where exclusions.panel_name = '{{ panel.name }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        -- ids
        panels.panel_name,
        -- what was asked for
        panels.frequency,
        cast(panels.horizon as integer) as horizon,
        cast(panels.season_length as integer) as season_length,
        panels.grain,
        panels.nodes_of,
        panels.is_signed,
        -- what there is
        bounds.first_period,
        bounds.last_period,
        as_of.as_of,
        '{{ warehouse_forecaster.business('time_zone') }}' as time_zone,
        '{{ warehouse_forecaster.business('week_start') | lower }}' as week_start,
        cast(coalesce(series.n_series, 0) as integer) as n_series,
        cast(coalesce(backtests.n_backtests, 0) as integer) as n_backtests,
        cast(panels.n_backtests_asked - coalesce(backtests.n_backtests, 0) as integer) as n_backtests_skipped,
        -- what was left out
        panels.period_after as excluded_period,
        'the ' || panels.frequency || ' of ' || cast(panels.period_after as varchar) || ' is not over on '
        || cast(as_of.as_of_on as varchar){{ excluded_delay }} as excluded_reason,
        panels.period_before as excluded_first_period,
        'the ' || panels.frequency || ' of ' || cast(panels.period_before as varchar) || ' had begun before the first demand of its own'
            as excluded_first_reason
    from panels
    cross join as_of
    left join bounds on panels.panel_name = bounds.panel_name
    left join series on panels.panel_name = series.panel_name
    left join backtests on panels.panel_name = backtests.panel_name
)

select * from final
