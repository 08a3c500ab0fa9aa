{#- Of what each period of this table is made now: panel_name, ds, checksum. What comes before `int_period_checksums` says so itself. -#}
{% macro periods_now() %}
    {% if model.name == 'int_stock_by_period' %}
        {{ warehouse_forecaster.periods_of_stock_now() }}
    {% else %}
        select
            panel_name,
            ds,
            checksum
        from {{ ref('warehouse_forecaster', 'int_period_checksums') }}
    {% endif %}
{% endmacro %}
