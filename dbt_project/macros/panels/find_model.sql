{#- A model's node in dbt's graph, by name and (where given) package. -#}
{% macro find_model(name, package=none) %}
    {% for node in graph.nodes.values() if node.resource_type in ['model', 'seed'] and node.name == name %}
        {% if package in [none, node.package_name] %}
            {{ return(node) }}
        {% endif %}
    {% endfor %}
    {{ exceptions.raise_compiler_error("there is no model '" ~ name ~ "'" ~ (" in package '" ~ package ~ "'" if package else "")) }}
{% endmacro %}
