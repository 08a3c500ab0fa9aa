{#- Tells dbt's graph of models that are read only by an incremental build; a unit test need not give them. -#}
{% macro depends_on() %}
    {% for name in varargs if not execute %}
        {% do ref('warehouse_forecaster', name) %}
    {% endfor %}
{% endmacro %}
