-- `state` says on what a run's figures rest, so that runs are scored again only where that has changed. Scales and weights are
-- sums of doubles, whose last digits depend on the order of the rows: they are compared as floats.
{%- set origin_columns = {
    'actuals_checksum': 'varchar', 'revisions_checksum': 'varchar', 'scales_checksum': 'varchar', 'segments_checksum': 'varchar',
    'target_scale': 'float',
} %}
{%- set scale_columns = {'squared_step': 'float', 'absolute_step': 'float', 'absolute_season_step': 'float', 'weight': 'float'} %}
{%- set segment_columns = {} %}
{%- for segment_type in warehouse_forecaster.segment_types() %}{% do segment_columns.update({segment_type: 'varchar'}) %}{% endfor %}
{%- set definitions = [
    warehouse_forecaster.scored_pairs(''), warehouse_forecaster.slice_scores(), warehouse_forecaster.level_means(),
] | join %}

with origins as (
    select distinct
        predictions.run_id,
        predictions.panel_name,
        predictions.cutoff,
        predictions.ds
    from {{ ref('warehouse_forecaster', 'predictions') }} as predictions
    semi join {{ ref('warehouse_forecaster', 'runs') }} as runs
        on predictions.run_id = runs.run_id and runs.status = 'complete'
),

cutoffs as (
    select distinct
        panel_name,
        cutoff
    from origins
),

actuals as (
    select
        panel.panel_name,
        panel.ds,
        {{ warehouse_forecaster.rows_checksum('panel.unique_id', {'panel.y': 'double', 'panel.is_stocked_out': 'boolean'}) }}
            as actuals_checksum
    from {{ ref('warehouse_forecaster', 'panel') }} as panel
    semi join origins on panel.panel_name = origins.panel_name and panel.ds = origins.ds
    where panel.y is not null
    group by panel.panel_name, panel.ds
),

revisions as (
    select
        panel_name,
        ds,
        {{ warehouse_forecaster.rows_checksum('unique_id, revised_on, reason', {'quantity_change': 'double'}) }} as revisions_checksum
    from {{ ref('warehouse_forecaster', 'revisions') }}
    group by panel_name, ds
),

scales as (
    select
        panel_name,
        cutoff,
        {{ warehouse_forecaster.rows_checksum('level, unique_id', scale_columns) }} as scales_checksum
    from {{ ref('warehouse_forecaster', 'int_metric_scales') }}
    group by panel_name, cutoff
),

segments as (
    select
        panel_name,
        cutoff,
        {{ warehouse_forecaster.rows_checksum('unique_id', segment_columns) }} as segments_checksum
    from {{ ref('warehouse_forecaster', 'segments') }}
    group by panel_name, cutoff
),

-- as of the last cutoff before, where a forecast's own is no longer one of the panel's
segments_as_of as (
    select
        cutoffs.panel_name,
        cutoffs.cutoff,
        max_by(segments.segments_checksum, segments.cutoff) as segments_checksum
    from cutoffs
    inner join segments on cutoffs.panel_name = segments.panel_name and cutoffs.cutoff >= segments.cutoff
    group by cutoffs.panel_name, cutoffs.cutoff
),

target_scales as (
    select
        cutoffs.panel_name,
        cutoffs.cutoff,
        max_by(scaling.scale, scaling.cutoff) as target_scale
    from cutoffs
    inner join {{ ref('warehouse_forecaster', 'scaling') }} as scaling
        on cutoffs.panel_name = scaling.panel_name and cutoffs.cutoff >= scaling.cutoff
    where scaling.feature_name = 'y' and scaling.method = 'standard'
    group by cutoffs.panel_name, cutoffs.cutoff
),

launches as (
    select
        panel_name,
        {{ warehouse_forecaster.rows_checksum('unique_id', {'first_ds': 'date'}) }} as launches_checksum
    from {{ ref('warehouse_forecaster', 'series') }}
    group by panel_name
),

memberships as (
    select
        panel_name,
        {{ warehouse_forecaster.rows_checksum('level, node_id', {'unique_id': 'varchar'}) }} as memberships_checksum
    from {{ ref('warehouse_forecaster', 'hierarchy') }}
    group by panel_name
),

known_origins as (
    select
        origins.*,
        actuals.actuals_checksum,
        revisions.revisions_checksum,
        scales.scales_checksum,
        segments_as_of.segments_checksum,
        target_scales.target_scale
    from origins
    inner join actuals on origins.panel_name = actuals.panel_name and origins.ds = actuals.ds
    left join revisions on origins.panel_name = revisions.panel_name and origins.ds = revisions.ds
    left join scales on origins.panel_name = scales.panel_name and origins.cutoff = scales.cutoff
    left join segments_as_of on origins.panel_name = segments_as_of.panel_name and origins.cutoff = segments_as_of.cutoff
    left join target_scales on origins.panel_name = target_scales.panel_name and origins.cutoff = target_scales.cutoff
),

runs_scored as (
    select
        run_id,
        panel_name,
        {{ warehouse_forecaster.rows_checksum('cutoff, ds', origin_columns) }} as origins_checksum
    from known_origins
    group by run_id, panel_name
),

final as (
    select
        runs_scored.run_id,
        runs_scored.panel_name,
        md5(concat(
            '{{ local_md5(definitions) }} ', cast(runs_scored.origins_checksum as varchar), ' ',
            cast(launches.launches_checksum as varchar), ' ', cast(memberships.memberships_checksum as varchar)
        )) as state
    from runs_scored
    inner join launches on runs_scored.panel_name = launches.panel_name
    inner join memberships on runs_scored.panel_name = memberships.panel_name
)

select * from final
