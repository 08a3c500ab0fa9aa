{#- The relation behind an input: a ref, another package's ref, or a source; none where it is not mapped. -#}
{% macro input_relation(name) %}
    {% set input = warehouse_forecaster.get_inputs().get(name) %}
    {% if input is none %}
        {{ return(none) }}
    {% elif input.source %}
        {{ return(source(input.source[0], input.source[1])) }}
    {% elif input.package %}
        {{ return(ref(input.package, input.model)) }}
    {% else %}
        {{ return(ref(input.model)) }}
    {% endif %}
{% endmacro %}
