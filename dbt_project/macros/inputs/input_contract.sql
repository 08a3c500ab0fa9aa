{#- What the package reads: every input, its columns and their kinds. The one place where this stands.
    text: trimmed, empty is null. number: finite double. integer, flag: as said. date: a day of the business.
    time: an instant, staged in UTC. -#}
{% macro input_contract() %}
    {{ return({
        'sales': {
            'required': {'order_id': 'text', 'ordered_at': 'time', 'item_id': 'text', 'quantity': 'number'},
            'optional': {
                'line_number': 'integer', 'location_id': 'text', 'customer_id': 'text', 'unit_price': 'number',
                'discount': 'number', 'currency': 'text', 'is_cancelled': 'flag', 'cancelled_at': 'time',
                'returned_order_id': 'text', 'loaded_at': 'time',
            },
        },
        'demand': {
            'required': {'item_id': 'text', 'ds': 'date', 'quantity': 'number'},
            'optional': {'location_id': 'text', 'customer_id': 'text', 'revenue': 'number', 'loaded_at': 'time'},
        },
        'events': {
            'required': {'occurred_at': 'time', 'event_type': 'text', 'item_id': 'text'},
            'optional': {
                'event_id': 'text', 'customer_id': 'text', 'session_id': 'text', 'location_id': 'text',
                'quantity': 'number', 'loaded_at': 'time',
            },
        },
        'items': {
            'required': {'item_id': 'text'},
            'optional': {
                'description': 'text', 'category': 'text', 'subcategory': 'text', 'brand': 'text',
                'supplier_id': 'text', 'list_price': 'number', 'unit_cost': 'number', 'volume': 'number',
                'weight': 'number', 'pack_size': 'number', 'launched_on': 'date', 'discontinued_on': 'date',
            },
        },
        'customers': {
            'required': {'customer_id': 'text'},
            'optional': {
                'birth_year': 'integer', 'age': 'number', 'gender': 'text', 'region': 'text', 'joined_on': 'date',
            },
        },
        'locations': {
            'required': {'location_id': 'text'},
            'optional': {
                'warehouse_id': 'text', 'region': 'text', 'time_zone': 'text', 'capacity_units': 'number',
                'capacity_volume': 'number',
            },
        },
        'inventory': {
            'required': {'item_id': 'text', 'snapshot_on': 'date', 'on_hand': 'number'},
            'optional': {'location_id': 'text', 'on_order': 'number'},
        },
        'prices': {
            'required': {'item_id': 'text', 'valid_from': 'date', 'price': 'number'},
            'optional': {'location_id': 'text', 'valid_to': 'date', 'known_at': 'time'},
        },
        'promotions': {
            'required': {'promotion_id': 'text', 'starts_on': 'date', 'ends_on': 'date'},
            'optional': {
                'item_id': 'text', 'category': 'text', 'location_id': 'text', 'discount': 'number', 'kind': 'text',
                'known_at': 'time',
            },
        },
        'holidays': {
            'required': {'ds': 'date', 'name': 'text'},
            'optional': {'region': 'text', 'location_id': 'text', 'kind': 'text'},
        },
        'closures': {
            'required': {'ds': 'date', 'name': 'text'},
            'optional': {'region': 'text', 'location_id': 'text', 'kind': 'text'},
        },
        'market': {
            'required': {'ds': 'date'},
            'optional': {
                'item_id': 'text', 'category': 'text', 'competitor_id': 'text', 'competitor_price': 'number',
                'competitor_sales': 'number', 'trend_index': 'number', 'known_at': 'time',
            },
        },
        'suppliers': {
            'required': {'supplier_id': 'text'},
            'optional': {
                'lead_time_mean': 'number', 'lead_time_sd': 'number', 'minimum_order': 'number',
                'order_cost': 'number',
            },
        },
        'aggregates': {
            'required': {'level': 'text', 'node_id': 'text', 'ds': 'date', 'quantity': 'number'},
            'optional': {},
        },
        'metric_scales': {
            'required': {'panel_name': 'text', 'level': 'text', 'node_id': 'text', 'scale': 'number'},
            'optional': {},
        },
    }) }}
{% endmacro %}
