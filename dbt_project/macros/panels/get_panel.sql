{% macro get_panel(name) %}
    {{ return(warehouse_forecaster.get_panels() | selectattr('name', 'equalto', name) | first) }}
{% endmacro %}
