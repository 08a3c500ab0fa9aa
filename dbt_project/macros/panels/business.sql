{#- One setting of the `business` var, or its default: the var is replaced whole, so a team may give only what differs. -#}
{% macro business(key) %}
    {% set defaults = {'time_zone': 'UTC', 'week_start': 'monday', 'as_of': none, 'currency': none, 'late_arrival_periods': 14, 'max_quantity': 100000, 'max_unit_price': 1000000} %}
    {{ return(var('business', {}).get(key, defaults[key])) }}
{% endmacro %}
