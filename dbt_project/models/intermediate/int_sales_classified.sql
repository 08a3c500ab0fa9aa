{#- What a line of demand is worth beside the others: copies, versions, returns.
    Most lines are alone under their key: only the others are compared.
    Built by day: days whose rows are not what they were, whole, and those that hold other versions of their lines. A line's class
    depends on its copies, its versions and the lines of its day, and on nothing else, so this equals a full refresh. -#}
{{ config(
    materialized='incremental', incremental_strategy='replace_batches', unique_key='batch_on', on_schema_change='fail',
    post_hook='{{ warehouse_forecaster.record_batches() }}',
) }}
{%- do warehouse_forecaster.depends_on('int_demand_days', 'int_builds') %}

{% set currencies_message = "'input sales: more than one currency (' || string_agg(distinct currency, ', ' order by currency) || ') and no rates; "
    ~ "set var business.currency to the one to keep, or convert unit_price in the model that var inputs.sales names'" %}
{% set from_sales = warehouse_forecaster.has_input('sales') %}
{#- What a line may share with another: its key, or its content where it has none. Columns apart: the hash of one long text made of them
    is the same for one pair in a few hundred million. -#}
{% set identity = warehouse_forecaster.hashed(
    ['coalesce(candidates.version_key, candidates.content_id)'] if from_sales
    else ['candidates.item_id', 'candidates.location_id', 'candidates.customer_id', 'candidates.demand_on']
) %}
{% set content = [
    'order_id', 'line_number', 'item_id', 'location_id', 'customer_id', 'returned_order_id', 'quantity', 'unit_price', 'discount',
    'currency', 'is_cancelled', 'ordered_at', 'cancelled_at', 'cast_error',
] %}
{% set used = [
    'line_id', 'batch_on', 'version_key', 'rejection_reason', 'order_id', 'line_number', 'item_id', 'location_id', 'customer_id',
    'returned_order_id', 'quantity', 'unit_price', 'discount', 'currency', 'is_return', 'demand_on', 'ordered_at', 'recorded_at',
    'touched_at', 'cancelled_known_at', 'restated_at', 'is_restated_as_cancelled', 'cast_error',
] %}
{% set columns = [
    'order_id', 'line_number', 'item_id', 'location_id', 'customer_id', 'returned_order_id', 'quantity', 'unit_price', 'discount', 'currency',
    'is_cancelled', 'ordered_at', 'cancelled_at', 'loaded_at', 'cast_error', 'demand_on', 'is_return', 'recorded_at', 'version_key',
    'is_numbered', 'batch_on', 'touched_at', 'own_reason',
] %}
{% set settings_id = warehouse_forecaster.demand_settings_id() %}

with {% if is_incremental() %}
{% set message = "cast(count(*) as varchar) || ' lines were built with other settings of demand: the mapping of the "
    ~ "input, imputation.unit_price, business (time_zone, currency, max_quantity, max_unit_price, closing_delay_hours), "
    ~ "or whether any panel is signed; build once with --full-refresh: forecasts stay'" %}

same_settings as (
    select case when count(*) > 0 then {{ warehouse_forecaster.raise_error(message) }} else true end as are_same
    from {{ this }}
    where settings_id <> '{{ settings_id }}'
),

touched as (
    select ds as batch_on from ({{ warehouse_forecaster.touched_batches() }}) as differing
),

{% if from_sales -%}
-- versions of one line may lie on several days; for `demand` the day is in the key
touched_versions as (
    select version_key
    from {{ ref('warehouse_forecaster', 'int_demand_candidates') }}
    where version_key is not null and batch_on in (select batch_on from touched)
    union
    select version_key
    from {{ this }}
    where version_key is not null and batch_on in (select batch_on from touched)
),

batches as (
    select batch_on from touched
    union
    select batch_on
    from {{ ref('warehouse_forecaster', 'int_demand_candidates') }}
    where version_key in (select version_key from touched_versions)
),

versioned as (
    select distinct version_key
    from {{ ref('warehouse_forecaster', 'int_demand_candidates') }}
    where version_key is not null and batch_on in (select batch_on from batches)
),
{%- else -%}
batches as (
    select batch_on from touched
),
{%- endif %}

{% endif %}
{#- Read where it is needed, and not once for all: what a reader leaves out, digests above all, is then never computed. -#}
{%- set relevant %}
{{ ref('warehouse_forecaster', 'int_demand_candidates') }} as candidates
    where
        true
        {%- if is_incremental() %}
        and (
            candidates.batch_on in (select batch_on from batches)
            {%- if from_sales %}
            or candidates.version_key in (select version_key from versioned)
            {%- endif %}
        )
        {%- endif %}
        {%- if from_sales and warehouse_forecaster.business('currency') is none %}
        and (
            select case when count(distinct currency) > 1 then {{ warehouse_forecaster.raise_error(currencies_message) }} else true end
            from {{ ref('warehouse_forecaster', 'int_demand_candidates') }}
            where own_reason is null
        )
        {%- endif %}
{%- endset %}

contested as (
    select {{ identity }} as identity
    from {{ relevant }}
    group by identity
    having count(*) > 1
),

companions as (
    select candidates.*
    from {{ relevant }}
        and {{ identity }} in (select identity from contested)
),

told as (
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        {{ 'content_id' if from_sales else warehouse_forecaster.content_id(content) }} as content_id
    from companions
),

copies as (
    select
        *,
        row_number() over (partition by content_id, loaded_at order by content_id) as copy_number
    from told
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

lone as (
    select
        candidates.*,
        {{ "md5(concat_ws('|', candidates.content_id, cast(candidates.loaded_at as varchar), '1'))" if from_sales
            else 'candidates.version_key' }} as line_id,
        candidates.own_reason as rejection_reason,
        case
            when candidates.is_cancelled
                then greatest(coalesce(candidates.cancelled_at, candidates.recorded_at), candidates.recorded_at)
        end as cancelled_known_at,
        cast(null as timestamp) as restated_at,
        false as is_restated_as_cancelled
    from {{ relevant }}
        and {{ identity }} not in (select identity from contested)
),

together as (
    {%- for part in ['reasoned', 'lone'] %}
    select {{ used | join(', ') }} from {{ part }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
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
    from together
),

{% if from_sales %}
{{ warehouse_forecaster.undone_orders('withdrawn') }},
{% endif %}

final as (
    select
        withdrawn.line_id,
        withdrawn.batch_on,
        {{ 'withdrawn.version_key' if from_sales else 'cast(null as varchar)' }} as version_key,
        case
            {%- if from_sales %}
            when undoing.line_id is not null then 'undo'
            {%- endif %}
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
            when withdrawn.rejection_reason is null
                then {{ 'coalesce(withdrawn.withdrawn_at, undone.undone_at)' if from_sales else 'withdrawn.withdrawn_at' }}
        end as withdrawn_at,
        case
            when withdrawn.rejection_reason is not null then null
            when withdrawn.withdrawn_at is not null then withdrawn.withdrawn_by
            {%- if from_sales %}
            when undone.undone_at is not null then 'cancellation'
            {%- endif %}
        end as withdrawn_by,
        withdrawn.cast_error,
        '{{ settings_id }}' as settings_id,
        {{ warehouse_forecaster.this_moment() }} as built_at
    from withdrawn
    {%- if from_sales %}
    left join undone on withdrawn.line_id = undone.line_id
    left join undoing on withdrawn.line_id = undoing.line_id
    {%- endif %}
    {%- if is_incremental() %}
    where withdrawn.batch_on in (select batch_on from batches) and (select are_same from same_settings)
    {%- endif %}
)

select * from final
