{#- The declared panels, checked, with defaults filled in. -#}
{% macro get_panels() %}
    {% set frequencies = ['day', 'week', 'month'] %}
    {% set keys = ['item_id', 'location_id', 'customer_id'] %}
    {% set result = [] %}
    {% for declared in var('panels') %}
        {% for key in ['name', 'grain', 'frequency', 'horizon'] if key not in declared %}
            {{ exceptions.raise_compiler_error("var panels: entry " ~ loop.index ~ " has no '" ~ key ~ "'; every panel needs name, grain, frequency and horizon") }}
        {% endfor %}
        {% if declared.frequency not in frequencies %}
            {{ exceptions.raise_compiler_error("var panels: panel '" ~ declared.name ~ "' has frequency '" ~ declared.frequency ~ "'; use day, week or month") }}
        {% endif %}
        {% if declared.horizon | int < 1 %}
            {{ exceptions.raise_compiler_error("var panels: panel '" ~ declared.name ~ "' has horizon " ~ declared.horizon ~ "; it must be 1 or more periods") }}
        {% endif %}
        {% for column in declared.grain if column not in keys %}
            {{ exceptions.raise_compiler_error("var panels: panel '" ~ declared.name ~ "' has '" ~ column ~ "' in its grain; use " ~ keys | join(', ')) }}
        {% endfor %}
        {% set panel = {'season_length': 1, 'signed': false, 'levels': [[]], 'cutoffs': {'count': 1, 'step': declared.horizon}} %}
        {% do panel.update(declared) %}
        {% do result.append(panel) %}
    {% endfor %}
    {{ return(result) }}
{% endmacro %}
