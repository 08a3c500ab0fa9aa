{#- The three keys of a panel's rows, null where the grain leaves one out. -#}
{% macro key_columns(panel) -%}
    {%- for key in ['item_id', 'location_id', 'customer_id'] -%}
        {{ key if key in panel.grain else 'cast(null as varchar) as ' ~ key }}
        {%- if not loop.last %}, {% endif -%}
    {%- endfor -%}
{%- endmacro %}
