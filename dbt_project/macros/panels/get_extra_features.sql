{#- The var `extra_features`, checked: [{model, package}]. -#}
{% macro get_extra_features() %}
    {% set declared = var('extra_features', []) or [] %}
    {% if declared is string or declared is mapping %}
        {{ exceptions.raise_compiler_error("var extra_features: '" ~ declared ~ "' is no list; write [{model: name}]") }}
    {% endif %}
    {% for extra in declared %}
        {% set place = "var extra_features: entry " ~ loop.index %}
        {% do warehouse_forecaster.refuse_unknown_keys(place, extra, ['model', 'package']) %}
        {% if not extra.get('model') %}
            {{ exceptions.raise_compiler_error(place ~ " has no 'model'; write {model: name} (and package: where it is another's)") }}
        {% endif %}
    {% endfor %}
    {{ return(declared) }}
{% endmacro %}
