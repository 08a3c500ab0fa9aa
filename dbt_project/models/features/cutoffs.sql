-- A cutoff needs a horizon of history before its validation starts: earlier ones are left out, and `settings` counts them.
{%- set panels = warehouse_forecaster.get_panels() %}

with bounds as (
    select
        panel_name,
        min(ds) as first_period,
        max(ds) as last_period
    from {{ ref('warehouse_forecaster', 'int_periods') }}
    where is_complete
    group by panel_name
),

{% for panel in panels %}
{%- set origins = warehouse_forecaster.backtest_cutoffs(panel) %}
{{ panel.name }}_origins as (
    select
        panel_name,
        first_period,
        last_period,
        last_period as cutoff,
        'live' as kind
    from bounds
    where panel_name = '{{ panel.name }}'
    {%- for origin in origins %}
    union all
    select
        panel_name,
        first_period,
        last_period,
        {{ origin }} as cutoff,
        'backtest' as kind
    from bounds
    where panel_name = '{{ panel.name }}'
    {%- endfor %}
),

-- a backtest is scored over its whole horizon, so that must lie in history
{{ panel.name }}_usable as (
    select *
    from {{ panel.name }}_origins
    where
        kind = 'live'
        or (
            cutoff >= {{ warehouse_forecaster.period_add('first_period', panel.horizon, panel.frequency) }}
            and cutoff <= {{ warehouse_forecaster.period_add('last_period', -panel.horizon, panel.frequency) }}
        )
),

{{ panel.name }}_with_validation as (
    select * from {{ panel.name }}_usable
    union all
    select
        panel_name,
        first_period,
        last_period,
        {{ warehouse_forecaster.period_add('cutoff', -panel.horizon, panel.frequency) }} as cutoff,
        'validation' as kind
    from {{ panel.name }}_usable
    where {{ warehouse_forecaster.period_add('cutoff', -2 * panel.horizon, panel.frequency) }} >= first_period
),

{{ panel.name }}_cutoffs as (
    select
        panel_name,
        cutoff,
        {{ warehouse_forecaster.period_add('cutoff', 1 - panel.horizon, panel.frequency) }} as validation_start,
        max(case when kind = 'live' then 1 else 0 end) = 1 as is_live,
        max(case when kind = 'backtest' then 1 else 0 end) = 1 as is_backtest,
        max(case when kind = 'validation' then 1 else 0 end) = 1 as is_validation
    from {{ panel.name }}_with_validation
    group by panel_name, cutoff
),
{% endfor %}

final as (
    {%- for panel in panels %}
    select * from {{ panel.name }}_cutoffs
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
