{#- Which group of places a panel's series sees plans of: its own location, its customer's region, its node's places, else the mean of all. -#}
{% macro place_group(panel, location_id, region, unique_id=none) -%}
    {%- if panel.get('nodes_of') -%}
        {{ unique_id }}
    {%- elif 'location_id' in panel.grain -%}
        {{ location_id }}
    {%- elif 'customer_id' in panel.grain -%}
        coalesce({{ region }}, 'any')
    {%- else -%}
        'any'
    {%- endif -%}
{%- endmacro %}
