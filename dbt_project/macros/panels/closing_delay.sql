{#- Seconds from the end of a period to its close, from `business.closing_delay_hours`. -#}
{% macro closing_delay() %}
    {% set hours = warehouse_forecaster.business('closing_delay_hours') %}
    {% if hours is not number or hours is boolean or hours < 0 %}
        {{ exceptions.raise_compiler_error("var business: closing_delay_hours '" ~ hours ~ "' is not a number of hours, 0 or more") }}
    {% endif %}
    {{ return((hours * 3600) | round | int) }}
{% endmacro %}
