{#- The columns that have a role, in order, from the yml of the panel, of the extra models and of `series`: dbt's graph has them. A column
    the forecaster would be misled by is refused. Empty while dbt parses. -#}
{% macro get_features() %}
    {% set result = [] %}
    {% if not execute %}{{ return(result) }}{% endif %}
    {% set roles = [
        'key', 'flag', 'actual', 'target', 'mask', 'weight', 'past', 'known_future',
        'static_numeric', 'static_categorical', 'static_text',
    ] %}
    {% set sources = [['warehouse_forecaster', 'panel', 'panel_extended']] %}
    {% for extra in warehouse_forecaster.get_extra_features() %}
        {% do sources.append([extra.get('package'), extra.model, 'panel_extended']) %}
    {% endfor %}
    {% do sources.append(['warehouse_forecaster', 'series', 'series']) %}
    {% set longest = warehouse_forecaster.get_panels() | map(attribute='horizon') | map('int') | max %}
    {% for package, model, relation in sources %}
        {% set node = warehouse_forecaster.find_model(model, package) %}
        {% for name, column in node.columns.items() %}
            {% set meta = (column.get('config') or {}).get('meta') or column.get('meta') or {} %}
            {% set place = "model " ~ model ~ ", column " ~ name %}
            {% if meta.get('role') and meta.role not in roles %}
                {{ exceptions.raise_compiler_error(place ~ ": '" ~ meta.role ~ "' is no role; use one of " ~ roles | join(', ')) }}
            {% endif %}
            {% if meta.get('scaling', 'none') not in ['standard', 'log1p', 'none'] %}
                {{ exceptions.raise_compiler_error(place ~ ": scaling '" ~ meta.scaling ~ "' is none of standard, log1p, none") }}
            {% endif %}
            {% if meta.get('role') == 'known_future' and meta.get('input') == 'target' and meta.get('lag') != 'horizon'
                and meta.get('lag', 0) | int < longest %}
                {{ exceptions.raise_compiler_error(
                    place ~ ": it derives from the target, and is known in advance only where it lags at least the longest horizon, "
                    ~ longest ~ " periods; give it role past, or say the lag in its meta (lag: n, or lag: horizon where it lags each panel's own)"
                ) }}
            {% endif %}
            {% set is_the_panels_key = model != 'panel' and relation == 'panel_extended' and name in ['panel_name', 'unique_id', 'ds'] %}
            {% if meta.get('role') and not is_the_panels_key %}
                {% do result.append({
                    'name': name, 'model': model, 'relation': relation, 'role': meta.role, 'scaling': meta.get('scaling'),
                    'input': meta.get('input'), 'fallback': meta.get('fallback'), 'years': meta.get('years', 0) | int,
                    'summary_of': meta.get('summary_of'),
                    'description': (column.description or '') | trim,
                }) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(result) }}
{% endmacro %}
