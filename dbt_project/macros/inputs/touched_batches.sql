{#- CTEs that end in `batches` (batch_on): the days that an incremental build works anew, whole. Those with a line touched since
    the newest record that {{ this }} had taken in, less the late-arrival window, and those of the other versions of such lines.
    Where as_of has moved back, everything since. `is_known` says which of this table's rows had been taken in. -#}
{% macro touched_batches(lines, is_known) %}
horizon as (
    select
        least(
            coalesce(max(recorded_at) filter (where {{ is_known }}), timestamp '0001-01-01'),
            {{ warehouse_forecaster.as_of() }}
        ) - interval {{ warehouse_forecaster.late_arrival_days() }} day as touched_since
    from {{ this }}
),

touched as (
    select distinct
        batch_on,
        version_key
    from {{ lines }}
    where touched_at is null or touched_at >= (select touched_since from horizon)
),

batches as (
    select batch_on from touched
    union
    select batch_on from {{ lines }} where version_key in (select version_key from touched where version_key is not null)
)
{%- endmacro %}
