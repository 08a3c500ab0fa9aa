-- What the forecaster reads. Past columns of a team's own are null in future periods here, whatever their model says.
{{ config(materialized='table' if var('extra_features', []) else 'view') }}
{%- set extras = warehouse_forecaster.get_extra_features() %}
{%- set brought = warehouse_forecaster.extra_columns() %}

with panel as (
    select * from {{ ref('warehouse_forecaster', 'panel') }}
),
{% for extra in extras %}
extra_{{ loop.index }} as (
    select * from {{ ref(extra.package, extra.model) if extra.get('package') else ref(extra.model) }}
),
{% endfor %}
final as (
    select
        panel.*
        {%- for extra in extras %}
        {%- set position = loop.index %}
        {%- set model = brought.get(extra.model, {}) %}
        {%- for column in model.get('columns', []) %}
        {%- set meta = model.roles[column].config.meta or model.roles[column].meta %}
        {%- set quoted = adapter.quote(column) %},
        {% if meta.role == 'past' -%}
        case when not panel.is_future then extra_{{ position }}.{{ quoted }} end as {{ quoted }}
        {%- else -%}
        extra_{{ position }}.{{ quoted }} as {{ quoted }}
        {%- endif %}
        {%- endfor %}
        {%- endfor %}
    from panel
    {%- for extra in extras %}
    left join extra_{{ loop.index }}
        on
            panel.unique_id = extra_{{ loop.index }}.unique_id
            and panel.ds = extra_{{ loop.index }}.ds
            {%- if brought.get(extra.model, {}).get('has_panel_name') %}
            and panel.panel_name = extra_{{ loop.index }}.panel_name
            {%- endif %}
    {%- endfor %}
)

select * from final
