{#- The panels whose grain has a key, or has it not. -#}
{% macro panels_with(key, present=true) %}
    {% set result = [] %}
    {% for panel in warehouse_forecaster.get_panels() if (key in panel.grain) == present %}
        {% do result.append(panel) %}
    {% endfor %}
    {{ return(result) }}
{% endmacro %}
