{#- One setting of the `business` var, or its default: the var is replaced whole, so a team may give only what differs. -#}
{% macro business(key) %}
    {% set defaults = {
        'time_zone': 'UTC', 'week_start': 'monday', 'as_of': none, 'currency': none, 'late_arrival_periods': 14,
        'closing_delay_hours': 0, 'max_quantity': 100000, 'max_unit_price': 1000000,
    } %}
    {% set given = warehouse_forecaster.setting('business', {}) %}
    {% do warehouse_forecaster.refuse_unknown_keys('var business', given, defaults) %}
    {{ return(given.get(key, defaults[key])) }}
{% endmacro %}
