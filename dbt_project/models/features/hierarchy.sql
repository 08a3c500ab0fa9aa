with series as (
    select * from {{ ref('warehouse_forecaster', 'series') }}
),

{% for panel in warehouse_forecaster.get_panels() -%}
{% for level in panel.levels -%}
{{ panel.name }}_{{ loop.index }} as (
    select
        panel_name,
        '{{ warehouse_forecaster.level_name(level) }}' as level,
        {% if level -%}
        {%- set values = [] -%}
        {%- for column in level -%}{%- do values.append("coalesce(cast(" ~ column ~ " as varchar), 'unknown')") -%}{%- endfor -%}
        {{ warehouse_forecaster.join_id(values) }} as node_id,
        {%- else -%}
        'total' as node_id,
        {%- endif %}
        unique_id
    from series
    where panel_name = '{{ panel.name }}'
),

{% endfor -%}
{% endfor -%}
bottom as (
    select
        panel_name,
        'bottom' as level,
        unique_id as node_id,
        unique_id
    from series
),

final as (
    select * from bottom
    {%- for panel in warehouse_forecaster.get_panels() %}
    {%- for level in panel.levels %}
    union all
    select * from {{ panel.name }}_{{ loop.index }}
    {%- endfor %}
    {%- endfor %}
)

select * from final
