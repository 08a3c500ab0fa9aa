{#- What a line of demand is worth beside the others: copies, versions, returns.
    Built by day: days touched since the last build (less the late-arrival window), whole, with the other versions of
    their lines beside them. A line's class depends on its copies, its versions and the lines of its day, and on nothing else,
    so this equals a full refresh. -#}
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='batch_on', on_schema_change='fail') }}

{% set currencies_message = "'input sales: more than one currency (' || string_agg(distinct currency, ', ' order by currency) || ') and no rates; "
    ~ "set var business.currency to the one to keep, or convert unit_price in the model that var inputs.sales names'" %}
{% set settings_id = warehouse_forecaster.demand_settings_id() %}

with candidates as (
    select * from {{ ref('warehouse_forecaster', 'int_demand_candidates') }}
),

{% if is_incremental() %}
{% set message = "cast(count(*) as varchar) || ' lines were built with other settings of demand: the mapping of the "
    ~ "input, imputation.unit_price, business (time_zone, currency, max_quantity, max_unit_price, closing_delay_hours), "
    ~ "or whether any panel is signed; build once with --full-refresh: forecasts stay'" %}

same_settings as (
    select case when count(*) > 0 then {{ warehouse_forecaster.raise_error(message) }} else true end as are_same
    from {{ this }}
    where settings_id <> '{{ settings_id }}'
),

{{ warehouse_forecaster.touched_batches('candidates', "rejection_reason is distinct from 'recorded at or after as_of'") }},

versioned as (
    select distinct version_key
    from candidates
    where version_key is not null and batch_on in (select batch_on from batches)
),

relevant as (
    select *
    from candidates
    where
        batch_on in (select batch_on from batches)
        or version_key in (select version_key from versioned)
),

{% else %}

relevant as (
    select * from candidates
),

{% endif %}

copies as (
    select
        *,
        row_number() over (partition by content_id, loaded_at order by content_id) as copy_number
    from relevant
    {%- if warehouse_forecaster.business('currency') is none %}
    where
        (
            select case when count(distinct currency) > 1 then {{ warehouse_forecaster.raise_error(currencies_message) }} else true end
            from candidates
            where own_reason is null
        )
    {%- endif %}

),

lines as (
    select
        *,
        md5(concat_ws('|', content_id, cast(loaded_at as varchar), cast(copy_number as varchar))) as line_id,
        -- a line set to zero is no demand, and yet undoes what it said before
        copy_number = 1 and (own_reason is null or own_reason = 'zero quantity') as is_version
    from copies
),

-- an order may hold an item twice without line numbers: the first of one load restates the first of another
versions as (
    select
        *,
        row_number() over (
            partition by coalesce(version_key, line_id), loaded_at
            order by recorded_at, content_id
        ) as occurrence
    from lines
    where is_version
),

repeats as (
    select
        *,
        is_numbered and occurrence > 1 as is_conflicting,
        coalesce(
            loaded_at is not null
            and content_id = lag(content_id) over (
                partition by coalesce(version_key, line_id), occurrence, loaded_at is null
                order by recorded_at
            ),
            false
        ) as is_sent_again
    from versions
),

changes as (
    select
        line_id,
        is_cancelled,
        recorded_at,
        lead(recorded_at) over (
            partition by coalesce(version_key, line_id), occurrence, loaded_at is null
            order by recorded_at
        ) as restated_at,
        lead(is_cancelled) over (
            partition by coalesce(version_key, line_id), occurrence, loaded_at is null
            order by recorded_at
        ) as is_restated_as_cancelled,
        loaded_at is not null as has_load_time
    from repeats
    where not is_sent_again and not is_conflicting
),

reasoned as (
    select
        lines.*,
        case
            when lines.own_reason is not null and lines.own_reason <> 'zero quantity' then lines.own_reason
            when lines.copy_number > 1 then 'exact duplicate'
            when repeats.is_conflicting then 'conflicting duplicate key'
            when repeats.is_sent_again then 'sent twice'
            else lines.own_reason
        end as rejection_reason,
        case
            when lines.is_cancelled then greatest(coalesce(lines.cancelled_at, lines.recorded_at), lines.recorded_at)
        end as cancelled_known_at,
        case when changes.has_load_time then changes.restated_at end as restated_at,
        coalesce(changes.is_restated_as_cancelled, false) as is_restated_as_cancelled
    from lines
    left join repeats on lines.line_id = repeats.line_id
    left join changes on lines.line_id = changes.line_id
),

-- what is recorded at or after as_of has not happened yet
withdrawn as (
    select
        *,
        case
            when least(cancelled_known_at, restated_at) < {{ warehouse_forecaster.as_of() }} then least(cancelled_known_at, restated_at)
        end as withdrawn_at,
        case
            when cancelled_known_at <= coalesce(restated_at, cancelled_known_at) or is_restated_as_cancelled then 'cancellation'
            else 'restatement'
        end as withdrawn_by
    from reasoned
),

{{ warehouse_forecaster.undone_orders('withdrawn') }},

final as (
    select
        withdrawn.line_id,
        withdrawn.batch_on,
        withdrawn.version_key,
        case
            when undoing.line_id is not null then 'undo'
            when withdrawn.is_return then 'return'
            else 'order'
        end as line_role,
        withdrawn.rejection_reason,
        -- ids
        withdrawn.order_id,
        withdrawn.line_number,
        withdrawn.item_id,
        withdrawn.location_id,
        withdrawn.customer_id,
        withdrawn.returned_order_id,
        -- numerics
        withdrawn.quantity,
        withdrawn.unit_price,
        withdrawn.discount,
        withdrawn.currency,
        -- timestamps
        withdrawn.demand_on,
        withdrawn.ordered_at,
        withdrawn.recorded_at,
        withdrawn.touched_at,
        case
            when withdrawn.rejection_reason is null then coalesce(withdrawn.withdrawn_at, undone.undone_at)
        end as withdrawn_at,
        case
            when withdrawn.rejection_reason is not null then null
            when withdrawn.withdrawn_at is not null then withdrawn.withdrawn_by
            when undone.undone_at is not null then 'cancellation'
        end as withdrawn_by,
        withdrawn.cast_error,
        '{{ settings_id }}' as settings_id
    from withdrawn
    left join undone on withdrawn.line_id = undone.line_id
    left join undoing on withdrawn.line_id = undoing.line_id
    {%- if is_incremental() %}
    where withdrawn.batch_on in (select batch_on from batches) and (select are_same from same_settings)
    {%- endif %}
)

select * from final
