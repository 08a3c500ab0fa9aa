-- The planned price of each item and location as intervals that neither overlap nor leave a gap, as each panel may know it.
-- A plan is seen from the first period whose origin comes after it was recorded, so an interval is both valid and known.
{%- set panels = warehouse_forecaster.panels_with('item_id') %}
{%- set far = "cast('9999-12-31' as date)" %}
{%- set method = warehouse_forecaster.imputation_method('price', 'forward_fill') %}

with plans as (
    select
        item_id,
        coalesce(location_id, 'all') as location_id,
        valid_from,
        case when valid_to < {{ far }} then valid_to + 1 else {{ far }} end as valid_until,
        price,
        known_at
    from {{ ref('warehouse_forecaster', 'stg_prices') }}
    where {{ warehouse_forecaster.rejection_reason('prices') }} is null and price > 0
),

seen as (
    {%- for panel in panels %}
    select
        *,
        '{{ panel.name }}' as panel_name,
        {{ warehouse_forecaster.visible_from('known_at', panel.frequency, panel.horizon | int) }} as visible_from
    from plans
    {{ 'union all' if not loop.last }}
    {%- else %}
    select *, cast(null as varchar) as panel_name, cast(null as date) as visible_from
    from plans
    where false
    {%- endfor %}
),

-- A plan ends where a later word on the same start is seen.
versions as (
    select
        panel_name,
        item_id,
        location_id,
        price,
        valid_from,
        known_at,
        greatest(valid_from, visible_from) as starts_on,
        least(valid_until, coalesce(lead(visible_from) over (
            partition by panel_name, item_id, location_id, valid_from order by known_at nulls first, price
        ), {{ far }})) as ends_before
    from seen
),

-- A plan for all locations holds where a location has none of its own.
local_keys as (
    select distinct panel_name, item_id, location_id
    from versions
    where location_id <> 'all'
),

applied as (
    select panel_name, item_id, location_id, price, valid_from, known_at, starts_on, ends_before, location_id <> 'all' as is_local
    from versions
    where starts_on < ends_before
    union all
    select
        versions.panel_name, versions.item_id, local_keys.location_id, versions.price, versions.valid_from, versions.known_at,
        versions.starts_on, versions.ends_before, false as is_local
    from versions
    inner join local_keys
        on versions.panel_name = local_keys.panel_name and versions.item_id = local_keys.item_id
    where versions.location_id = 'all' and versions.starts_on < versions.ends_before
),

-- The later start wins, then the later word. From where a stronger plan without an end begins, a weaker one says nothing.
ranked as (
    select
        *,
        row_number() over (
            partition by panel_name, item_id, location_id order by is_local, valid_from, known_at nulls first, price
        ) as strength,
        least(ends_before, coalesce(min(case when ends_before = {{ far }} then starts_on end) over (
            partition by panel_name, item_id, location_id
            order by is_local desc, valid_from desc, known_at desc nulls last, price desc
            rows between unbounded preceding and 1 preceding
        ), {{ far }})) as stands_until
    from applied
),

standing as (
    select
        *,
        max(stands_until) over (
            partition by panel_name, item_id, location_id order by starts_on, strength
            rows between unbounded preceding and 1 preceding
        ) > starts_on as is_overlapping
    from ranked
    where starts_on < stands_until
),

marked as (
    select *, bool_or(coalesce(is_overlapping, false)) over (partition by panel_name, item_id, location_id) as has_overlap
    from standing
),

moments as (
    select panel_name, item_id, location_id, starts_on as moment, has_overlap
    from marked
    union
    select panel_name, item_id, location_id, stands_until as moment, has_overlap
    from marked
    where stands_until < {{ far }}
),

stretches as (
    select
        *,
        coalesce(lead(moment) over (partition by panel_name, item_id, location_id order by moment), {{ far }}) as next_moment
    from moments
),

-- Where plans do not overlap, and in a long list of prices most do not, each stretch has at most the plan that begins with it.
chosen as (
    select
        stretches.panel_name, stretches.item_id, stretches.location_id, stretches.moment, stretches.next_moment,
        marked.price,
        marked.is_local
    from stretches
    left join marked
        on
            stretches.panel_name = marked.panel_name
            and stretches.item_id = marked.item_id
            and stretches.location_id = marked.location_id
            and stretches.moment = marked.starts_on
    where not stretches.has_overlap
    union all
    select
        stretches.panel_name, stretches.item_id, stretches.location_id, stretches.moment, stretches.next_moment,
        max_by(marked.price, marked.strength) as price,
        max_by(marked.is_local, marked.strength) as is_local
    from stretches
    left join marked
        on
            stretches.panel_name = marked.panel_name
            and stretches.item_id = marked.item_id
            and stretches.location_id = marked.location_id
            and stretches.moment between marked.starts_on and marked.stands_until - 1
    where stretches.has_overlap
    group by stretches.panel_name, stretches.item_id, stretches.location_id, stretches.moment, stretches.next_moment
),

-- A gap follows a stretch that is known, so a statistic of what came before fills it.
filled as (
    select
        panel_name,
        item_id,
        location_id,
        moment,
        next_moment,
        coalesce(
            price,
            {{ warehouse_forecaster.impute(method, 'price', 'panel_name, item_id, location_id', 'moment') }}
        ) as price,
        price is null as is_imputed,
        coalesce(is_local, lag(is_local) over (partition by panel_name, item_id, location_id order by moment), false) as is_local
    from chosen
),

changes as (
    select
        *,
        coalesce(
            price = lag(price) over (partition by panel_name, item_id, location_id order by moment)
            and is_imputed = lag(is_imputed) over (partition by panel_name, item_id, location_id order by moment)
            and is_local = lag(is_local) over (partition by panel_name, item_id, location_id order by moment),
            false
        ) as is_same
    from filled
),

final as (
    select
        panel_name,
        item_id,
        location_id,
        moment as valid_from,
        coalesce(lead(moment) over (partition by panel_name, item_id, location_id order by moment), {{ far }}) as valid_until,
        cast(price as double) as price,
        is_local,
        is_imputed
    from changes
    where not is_same
)

select * from final
