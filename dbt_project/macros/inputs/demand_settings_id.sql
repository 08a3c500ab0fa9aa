{#- Changes with every setting that a line's class or price depends on, as_of aside: rows of two settings must not stand side by side. -#}
{% macro demand_settings_id() %}
    {% set inputs = warehouse_forecaster.get_inputs() %}
    {% set parts = [inputs.get('sales'), inputs.get('demand'), warehouse_forecaster.imputation_method('unit_price')] %}
    {% for key in ['time_zone', 'currency', 'max_quantity', 'max_unit_price'] %}
        {% do parts.append(warehouse_forecaster.business(key)) %}
    {% endfor %}
    {% if warehouse_forecaster.closing_delay() %}
        {% do parts.append(warehouse_forecaster.closing_delay()) %}
    {% endif %}
    {% do parts.append(warehouse_forecaster.get_panels() | selectattr('signed') | list | length > 0) %}
    {{ return(local_md5(parts | string)) }}
{% endmacro %}
