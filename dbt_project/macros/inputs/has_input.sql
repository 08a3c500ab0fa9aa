{% macro has_input(name) %}
    {{ return(name in warehouse_forecaster.get_inputs()) }}
{% endmacro %}
