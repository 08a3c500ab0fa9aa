-- Every promotion of a complete run, with the one that replaced it: a roll-back is a promotion too.
with complete_runs as (
    select * from {{ ref('warehouse_forecaster', 'runs') }}
    where status = 'complete'
),

promotions as (
    select
        promotions.panel_name,
        promotions.segment,
        promotions.run_id,
        complete_runs.model_name,
        promotions.promoted_at,
        promotions.reason,
        complete_runs.finished_at as trained_at
    from {{ ref('warehouse_forecaster', 'model_promotions') }} as promotions
    inner join complete_runs on promotions.run_id = complete_runs.run_id
),

final as (
    select
        panel_name,
        segment,
        run_id,
        model_name,
        promoted_at,
        lead(promoted_at) over (partition by panel_name, segment order by promoted_at, run_id) as replaced_at,
        lead(promoted_at) over (partition by panel_name, segment order by promoted_at, run_id) is null as is_current,
        reason,
        trained_at
    from promotions
)

select * from final
