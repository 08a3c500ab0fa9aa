{#- Whether a node depends on the package's panel, however far upstream. -#}
{% macro reads_panel(node) %}
    {% set seen = [] %}
    {% set todo = node.depends_on.nodes | list %}
    {% for _ in range(100000) if todo %}
        {% set id = todo.pop() %}
        {% if id not in seen %}
            {% do seen.append(id) %}
            {% if id in graph.nodes %}
                {% do todo.extend(graph.nodes[id].depends_on.get('nodes', [])) %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {{ return('model.warehouse_forecaster.panel' in seen or 'model.warehouse_forecaster.panel_extended' in seen) }}
{% endmacro %}
