{#- Whether an input is mapped and has this column of its contract. -#}
{% macro has_column(name, column) %}
    {% set inputs = warehouse_forecaster.get_inputs() %}
    {{ return(name in inputs and column in inputs[name].columns) }}
{% endmacro %}
