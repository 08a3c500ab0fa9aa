-- What every forecast is scored by, ours and the peers' alike (definitions: docs/metrics.md). Reads the views `score.py` makes
-- of the files: panel, nodes, hierarchy, given_scales, and forecasts (model_name, cutoff, level, node_id, ds, yhat, q05 … q95).

create or replace table truth as
select
    level,
    node_id,
    ds,
    y
from nodes
union all
select
    12 as level,
    unique_id as node_id,
    ds,
    y
from panel;

create or replace table cutoffs as select distinct cutoff from forecasts;

-- One-step differences from the first sale on. Squared ones as in the competition, over all days to d_1913: of a series as given
-- (its own history here is too short), of a node from its history. Absolute ones up to the cutoff.
create or replace table scales as
with since_sale as (
    select *
    from truth
    qualify ds >= min(case when y > 0 then ds end) over (partition by level, node_id)
),

steps as (
    select
        level,
        node_id,
        ds,
        y - lag(y) over (partition by level, node_id order by ds) as step
    from since_sale
)

select
    steps.level,
    steps.node_id,
    cutoffs.cutoff,
    coalesce(any_value(given_scales.squared_scale), avg(steps.step * steps.step)) as squared_scale,
    nullif(avg(abs(steps.step)) filter (where steps.ds <= cutoffs.cutoff), 0) as absolute_scale
from steps
cross join cutoffs
left join given_scales on steps.level = 12 and steps.node_id = given_scales.unique_id
group by all;

-- Shares of the level's revenue over the horizon before the cutoff.
create or replace table weights as
with recent as (
    select
        cutoffs.cutoff,
        panel.unique_id,
        sum(panel.revenue) as revenue
    from panel
    inner join cutoffs on panel.ds <= cutoffs.cutoff and panel.ds > cutoffs.cutoff - 28
    group by all
)

select
    recent.cutoff,
    hierarchy.level,
    hierarchy.node_id,
    sum(recent.revenue) / sum(sum(recent.revenue)) over (partition by recent.cutoff, hierarchy.level) as weight
from recent
inner join hierarchy using (unique_id)
group by recent.cutoff, hierarchy.level, hierarchy.node_id;

-- A parent's forecast is the sum of its members'; its quantiles are given or there are none.
create or replace table means as
select
    forecasts.model_name,
    forecasts.cutoff,
    hierarchy.level,
    hierarchy.node_id,
    forecasts.ds,
    sum(forecasts.yhat) as yhat
from forecasts
inner join hierarchy on forecasts.node_id = hierarchy.unique_id
where forecasts.level = 12
group by all;

create or replace table errors_by_node as
select
    means.model_name,
    means.cutoff,
    means.level,
    means.node_id,
    avg((truth.y - means.yhat) * (truth.y - means.yhat)) as mse,
    sum(means.yhat) as yhat,
    sum(truth.y) as y,
    count(*) as n_days
from means
inner join truth using (level, node_id, ds)
group by all;

create or replace table rmsse_by_level as
select
    errors_by_node.model_name,
    errors_by_node.cutoff,
    errors_by_node.level,
    sum(weights.weight * sqrt(errors_by_node.mse / scales.squared_scale)) as weighted_rmsse,
    sum(errors_by_node.yhat) / sum(errors_by_node.y) - 1 as relative_bias,
    count(*) as n_nodes,
    min(errors_by_node.n_days) as n_days
from errors_by_node
inner join weights using (cutoff, level, node_id)
inner join scales using (cutoff, level, node_id)
where weights.weight > 0
group by all;

create or replace table pinball_by_level as
with long as (
    unpivot (select * exclude (yhat) from forecasts)
    on columns('^q[0-9]+$')
    into name quantile value quantile_value
),

losses as (
    select
        long.model_name,
        long.cutoff,
        long.level,
        long.node_id,
        avg(greatest(
            (substr(long.quantile, 2)::double / 100) * (truth.y - long.quantile_value),
            (substr(long.quantile, 2)::double / 100 - 1) * (truth.y - long.quantile_value)
        )) as pinball
    from long
    inner join truth using (level, node_id, ds)
    group by all
)

select
    losses.model_name,
    losses.cutoff,
    losses.level,
    sum(weights.weight * losses.pinball / scales.absolute_scale) as weighted_scaled_pinball
from losses
inner join weights using (cutoff, level, node_id)
inner join scales using (cutoff, level, node_id)
where weights.weight > 0
group by all;

create or replace table scores as
select
    model_name,
    cutoff,
    avg(rmsse_by_level.weighted_rmsse) as weighted_rmsse,
    max(pinball_by_level.weighted_scaled_pinball) filter (where level = 12) as pinball_of_series,
    case when count(pinball_by_level.weighted_scaled_pinball) = count(*) then avg(pinball_by_level.weighted_scaled_pinball) end
        as pinball_of_levels,
    max(rmsse_by_level.relative_bias) filter (where level = 12) as relative_bias
from rmsse_by_level
left join pinball_by_level using (model_name, cutoff, level)
group by all
order by all;
