{#- The panels whose own demand tells what holidays do: all but those whose panel of nodes has a longer history. -#}
{% macro effect_panels() %}
    {% set panels = warehouse_forecaster.get_panels() %}
    {{ return(panels | rejectattr('name', 'in', panels | map(attribute='nodes_of') | list) | list) }}
{% endmacro %}
