{#- A var as it was given, or a default. The demo's own values count only where the package is the project: one that imports it and gives
    only `inputs` must not get the demo's panels, time zone and currency. -#}
{% macro setting(name, default) %}
    {% set given = var(name, none) %}
    {% if given is none and project_name == 'warehouse_forecaster' %}
        {% set given = (var('demo', none) or {}).get(name) %}
    {% endif %}
    {{ return(default if given is none else given) }}
{% endmacro %}
