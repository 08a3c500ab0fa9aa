-- Every promotion of a complete run, with the one that replaced it: a roll-back is a promotion too, and one for all series ends
-- those for segments.
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

ended as (
    select
        *,
        lead(promoted_at) over (partition by panel_name, segment order by promoted_at, run_id) as next_promoted_at,
        min(promoted_at) filter (where segment = 'all') over (
            partition by panel_name order by promoted_at, run_id rows between 1 following and unbounded following
        ) as next_of_all_at
    from promotions
),

final as (
    select
        panel_name,
        segment,
        run_id,
        model_name,
        promoted_at,
        least(next_promoted_at, next_of_all_at) as replaced_at,
        least(next_promoted_at, next_of_all_at) is null as is_current,
        reason,
        trained_at
    from ended
)

select * from final
