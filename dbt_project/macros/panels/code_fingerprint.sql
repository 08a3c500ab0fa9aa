{#- A hash of the text that computes the table which is being built: its model, those it is made of, and their macros. Rows that an older
    version of the package wrote must not stand beside new ones. -#}
{% macro code_fingerprint() %}
    {% set texts = {} %}
    {% set ids = [model.unique_id] %}
    {#- the list grows while it is gone through -#}
    {% for id in ids if id not in texts %}
        {% set parts = id.split('.') %}
        {% if parts[1] == 'warehouse_forecaster' and parts[0] == 'model' %}
            {% set node = graph.nodes[id] %}
            {% do texts.update({id: node.raw_code}) %}
            {% do ids.extend(node.depends_on.nodes) %}
            {% do ids.extend(node.depends_on.macros) %}
        {% elif parts[1] == 'warehouse_forecaster' and parts[0] == 'macro' %}
            {% set macro = warehouse_forecaster[parts[2]].macro %}
            {% do texts.update({id: macro.macro_sql}) %}
            {% do ids.extend(macro.depends_on.macros) %}
        {% endif %}
    {% endfor %}
    {{ return(local_md5(tojson(texts, sort_keys=true))) }}
{% endmacro %}
