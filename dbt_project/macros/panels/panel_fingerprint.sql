{#- A hash of all that shapes the panel beside the data: the vars and the package's own models. `as_of` moves on without reshaping. -#}
{% macro panel_fingerprint() %}
    {% if not execute %}{{ return('') }}{% endif %}
    {% set settings = {'panels': warehouse_forecaster.get_panels()} %}
    {% for name in ['inputs', 'imputation', 'outliers'] %}
        {% do settings.update({name: var(name, none)}) %}
    {% endfor %}
    {% for key in ['time_zone', 'week_start', 'currency', 'closing_delay_hours', 'late_arrival_periods'] %}
        {% do settings.update({key: warehouse_forecaster.business(key)}) %}
    {% endfor %}
    {% set scaling = [] %}
    {% for feature in warehouse_forecaster.get_features() %}
        {% do scaling.append([feature.name, feature.role, feature.scaling]) %}
    {% endfor %}
    {% set models = {} %}
    {% for id, node in graph.nodes.items() if node.package_name == 'warehouse_forecaster' and node.resource_type == 'model' %}
        {% if node.fqn[1] in ['staging', 'intermediate'] or node.name in ['panel', 'panel_moments', 'series'] %}
            {% do models.update({id: node.checksum.checksum}) %}
        {% endif %}
    {% endfor %}
    {{ return(local_md5(tojson([settings, scaling, models], sort_keys=true))) }}
{% endmacro %}
