{#- The columns an extra model brings, {model: [columns]}, after checking that it may: it has unique_id and ds, reads no panel, and
    takes no name that is taken. Empty while dbt parses. -#}
{% macro extra_columns() %}
    {% set result = {} %}
    {% if not execute %}{{ return(result) }}{% endif %}
    {% set taken = {} %}
    {% for column in warehouse_forecaster.find_model('panel', 'warehouse_forecaster').columns %}
        {% do taken.update({column | lower: 'panel'}) %}
    {% endfor %}
    {% for extra in warehouse_forecaster.get_extra_features() %}
        {% set node = warehouse_forecaster.find_model(extra.model, extra.get('package')) %}
        {% set place = "var extra_features: model '" ~ extra.model ~ "'" %}
        {% for key in ['unique_id', 'ds'] if key not in node.columns %}
            {{ exceptions.raise_compiler_error(place ~ " has no column '" ~ key ~ "' in its yml; it needs unique_id and ds, one row for each") }}
        {% endfor %}
        {% if warehouse_forecaster.reads_panel(node) %}
            {{ exceptions.raise_compiler_error(place ~ " reads panel, which would then depend on itself; read int_spine, int_target or your own tables") }}
        {% endif %}
        {% set columns = [] %}
        {% for name, column in node.columns.items() if name not in ['panel_name', 'unique_id', 'ds'] %}
            {% set meta = (column.get('config') or {}).get('meta') or column.get('meta') or {} %}
            {% if meta.get('role') %}
                {% if '"' in name %}
                    {{ exceptions.raise_compiler_error(place ~ ": its column '" ~ name ~ "' has a quote in its name; rename it") }}
                {% endif %}
                {% if name | lower in taken %}
                    {{ exceptions.raise_compiler_error(
                        place ~ ": its column '" ~ name ~ "' stands in " ~ taken[name | lower] ~ " already; rename it"
                    ) }}
                {% endif %}
                {% if meta.role not in ['past', 'known_future', 'flag'] %}
                    {{ exceptions.raise_compiler_error(place ~ ": its column '" ~ name ~ "' has role " ~ meta.role ~ "; use past, known_future or flag") }}
                {% endif %}
                {% do taken.update({name | lower: extra.model}) %}
                {% do columns.append(name) %}
            {% endif %}
        {% endfor %}
        {% if not columns %}
            {{ exceptions.raise_compiler_error(place ~ " has no column with a role; say it in the yml: config: {meta: {role: past}}") }}
        {% endif %}
        {% do result.update({extra.model: {'columns': columns, 'has_panel_name': 'panel_name' in node.columns, 'roles': node.columns}}) %}
    {% endfor %}
    {{ return(result) }}
{% endmacro %}
