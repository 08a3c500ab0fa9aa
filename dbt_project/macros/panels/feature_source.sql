{#- Which input a feature comes from, whether it is there, and what is to be said of it. `sales` in the meta's `fallback` means that the
    column is filled from there where its own input is absent. -#}
{% macro feature_source(feature) %}
    {% set always = [none, 'target', 'calendar'] %}
    {% set name = feature.input %}
    {% set note = '' %}
    {% if name not in always and not warehouse_forecaster.has_input(name) and feature.fallback %}
        {% set name = feature.fallback %}
        {% if name == 'sales' and not warehouse_forecaster.has_input('sales') %}{% set name = 'demand' %}{% endif %}
    {% endif %}
    {% set is_present = name in always or name not in warehouse_forecaster.input_contract() or warehouse_forecaster.has_input(name) %}
    {% if feature.role == 'known_future' and is_present and name in ['prices', 'promotions', 'holidays', 'closures']
        and not warehouse_forecaster.has_column(name, 'known_at') %}
        {% set note = ' ' ~ name ~ ' says not when a plan was made (known_at): each counts as known in advance.' %}
    {% endif %}
    {{ return({'name': name, 'is_present': is_present, 'note': note}) }}
{% endmacro %}
