{#- Why a staged row of an input is of no use (SQL text), or null where it is. Whoever reads the staging model keeps the rows
    where this is null; int_rejections counts the others. Demand has its own rules: int_demand_candidates. -#}
{% macro rejection_reason(input_name) -%}
    {%- set as_of = warehouse_forecaster.as_of() if input_name == 'events' else none -%}
    {#- Where the input names neither, each of its promotions is for everything. -#}
    {%- set names_target = '' if warehouse_forecaster.has_column('promotions', 'item_id') or warehouse_forecaster.has_column('promotions', 'category') else 'false and ' -%}
    {%- set event_types = ['view', 'cart', 'wishlist', 'purchase'] -%}
    {%- set rules = {
        'events': [
            ("coalesce(loaded_at, occurred_at) >= " ~ as_of, 'recorded at or after as_of'),
            (warehouse_forecaster.unreadable('occurred_at'), 'unreadable time'),
            ('occurred_at is null', 'missing time'),
            ("occurred_at >= " ~ as_of, 'dated at or after as_of'),
            ('item_id is null', 'missing item'),
            ('event_type is null', 'missing event type'),
            ("lower(event_type) not in ('" ~ event_types | join("', '") ~ "')", 'unknown event type'),
            ('quantity < 0', 'negative quantity'),
        ],
        'items': [('item_id is null', 'missing item')],
        'customers': [('customer_id is null', 'missing customer')],
        'locations': [('location_id is null', 'missing location')],
        'inventory': [
            ('item_id is null', 'missing item'),
            (warehouse_forecaster.unreadable('snapshot_on'), 'unreadable day'),
            ('snapshot_on is null', 'missing day'),
            ('on_hand is null', 'missing stock'),
            ('on_hand < 0', 'negative stock'),
        ],
        'prices': [
            ('item_id is null', 'missing item'),
            (warehouse_forecaster.unreadable('valid_from') ~ ' or ' ~ warehouse_forecaster.unreadable('valid_to'), 'unreadable day'),
            ('valid_from is null', 'missing day'),
            ('valid_to < valid_from', 'ends before it starts'),
            ('price is null', 'missing price'),
        ],
        'promotions': [
            (warehouse_forecaster.unreadable('starts_on') ~ ' or ' ~ warehouse_forecaster.unreadable('ends_on'), 'unreadable day'),
            ('starts_on is null or ends_on is null', 'missing day'),
            ('ends_on < starts_on', 'ends before it starts'),
            (names_target ~ 'item_id is null and category is null', 'neither item nor category'),
            ('discount < 0 or discount > 1', 'impossible discount'),
        ],
        'holidays': [(warehouse_forecaster.unreadable('ds'), 'unreadable day'), ('ds is null', 'missing day')],
        'closures': [(warehouse_forecaster.unreadable('ds'), 'unreadable day'), ('ds is null', 'missing day')],
        'market': [
            (warehouse_forecaster.unreadable('ds'), 'unreadable day'),
            ('ds is null', 'missing day'),
            ('competitor_price < 0 or competitor_sales < 0', 'negative value'),
        ],
        'suppliers': [('supplier_id is null', 'missing supplier')],
        'aggregates': [
            ('level is null or node_id is null', 'missing node'),
            (warehouse_forecaster.unreadable('ds'), 'unreadable day'),
            ('ds is null', 'missing day'),
            ('quantity is null', 'missing quantity'),
        ],
        'metric_scales': [
            ('panel_name is null or level is null or node_id is null', 'missing node'),
            ('scale is null or scale < 0', 'missing or negative scale'),
        ],
    } -%}
    case
        {%- for condition, reason in rules[input_name] %}
        when {{ condition }} then '{{ reason }}'
        {%- endfor %}
    end
{%- endmacro %}
