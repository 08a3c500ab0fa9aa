-- Who bought, over the long window that ends with each block of periods: a block is a short window of days, or one week or month.
-- An order counts where it was recorded. Customers are counted once a block, so one who comes back in another block counts again.
{%- set late = warehouse_forecaster.business('late_arrival_periods') | int %}
{%- set panels = warehouse_forecaster.panels_with('customer_id', false) | rejectattr('nodes_of') | list %}

with customers as (
    select customer_id, birth_year, age, gender, region
    from {{ ref('warehouse_forecaster', 'int_customer_attributes') }}
),
{% for panel in panels %}
{%- set windows = warehouse_forecaster.windows(panel) %}
{%- set block = windows.short if panel.frequency == 'day' else 1 %}
{%- set n_blocks = windows.long // block %}
{%- set known_on = 'coalesce(greatest(lines.demand_on, ' ~ warehouse_forecaster.business_date('lines.recorded_at') ~ '), lines.demand_on)' %}
{%- set ordered_in = warehouse_forecaster.period_start('lines.demand_on', panel.frequency) %}
{{ panel.name }}_lines as (
    select distinct
        {%- for key in panel.grain %}
        lines.{{ key }},
        {%- endfor %}
        lines.customer_id,
        periods.period_index // {{ block }} as block
    from {{ ref('warehouse_forecaster', 'int_demand_lines') }} as lines
    inner join {{ ref('warehouse_forecaster', 'int_periods') }} as periods
        on
            periods.panel_name = '{{ panel.name }}'
            and not periods.is_future
            and {{ warehouse_forecaster.period_start(known_on, panel.frequency) }} = periods.ds
    where
        lines.customer_id is not null
        and {{ known_on }} < {{ warehouse_forecaster.period_add(ordered_in, late + 1, panel.frequency) }}
        and (lines.withdrawn_at is null or {{ warehouse_forecaster.business_date('lines.withdrawn_at') }} >= periods.period_end)
),

{{ panel.name }}_blocks as (
    select block, max(period_end) - 1 as last_day
    from (
        select period_index // {{ block }} as block, period_end
        from {{ ref('warehouse_forecaster', 'int_periods') }}
        where panel_name = '{{ panel.name }}'
    ) as periods
    group by block
),

{{ panel.name }}_regions as (
    select
        {%- for key in panel.grain %}
        lines.{{ key }},
        {%- endfor %}
        lines.block,
        customers.region,
        count(*) as n_customers,
        sum({{ warehouse_forecaster.age_at('blocks.last_day', 'customers.birth_year', 'customers.age') }}) as ages,
        count({{ warehouse_forecaster.age_at('blocks.last_day', 'customers.birth_year', 'customers.age') }}) as n_aged,
        count(case when customers.gender = 'female' then 1 end) as n_female,
        count(case when customers.gender in ('female', 'male') then 1 end) as n_gendered
    from {{ panel.name }}_lines as lines
    inner join {{ panel.name }}_blocks as blocks on lines.block = blocks.block
    left join customers on lines.customer_id = customers.customer_id
    group by all
),

{{ panel.name }}_offsets as (
    {{ warehouse_forecaster.number_series(0, n_blocks - 1) }}
),

-- A block counts in the windows that end with it and with the blocks that follow.
{{ panel.name }}_windows as (
    select
        {%- for key in panel.grain %}
        regions.{{ key }},
        {%- endfor %}
        regions.block + offsets.n as block,
        regions.region,
        sum(regions.n_customers) as n_customers,
        sum(regions.ages) as ages,
        sum(regions.n_aged) as n_aged,
        sum(regions.n_female) as n_female,
        sum(regions.n_gendered) as n_gendered
    from {{ panel.name }}_regions as regions
    cross join {{ panel.name }}_offsets as offsets
    group by all
),

{{ panel.name }}_audience as (
    select
        '{{ panel.name }}' as panel_name,
        {%- for key in ['item_id', 'location_id'] %}
        {{ key if key in panel.grain else 'cast(null as varchar)' }} as {{ key }},
        {%- endfor %}
        block,
        sum(n_customers) as n_customers,
        sum(ages) as ages,
        sum(n_aged) as n_aged,
        sum(n_female) as n_female,
        sum(n_gendered) as n_gendered,
        max(case when region is not null then n_customers end) as n_top_region,
        sum(case when region is not null then n_customers else 0 end) as n_placed
    from {{ panel.name }}_windows
    group by all
),
{% endfor %}
final as (
    {%- for panel in panels %}
    select * from {{ panel.name }}_audience
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as varchar) as panel_name, cast(null as varchar) as item_id, cast(null as varchar) as location_id,
        cast(null as integer) as block, 0 as n_customers, 0.0 as ages, 0 as n_aged, 0 as n_female, 0 as n_gendered,
        0 as n_top_region, 0 as n_placed
    where false
    {%- endfor %}
)

select * from final
