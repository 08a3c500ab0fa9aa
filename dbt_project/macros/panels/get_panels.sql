{#- The declared panels, checked, with defaults filled in; where none is declared, each item by week. A panel of nodes takes from its parent
    what it does not say itself, and has no grain. -#}
{% macro get_panels() %}
    {% set frequencies = ['day', 'week', 'month'] %}
    {% set keys = ['item_id', 'location_id', 'customer_id'] %}
    {% set result = [] %}
    {% set names = [] %}
    {% set allowed = [
        'name', 'grain', 'frequency', 'horizon', 'season_length', 'signed', 'levels', 'cutoffs', 'active_periods',
        'nodes_of',
    ] %}
    {% set inherited = ['frequency', 'horizon', 'season_length', 'signed', 'cutoffs'] %}
    {% set by_default = [{
        'name': 'item_weekly', 'grain': ['item_id'], 'frequency': 'week', 'horizon': 8, 'cutoffs': {'count': 3, 'step': 4},
    }] %}
    {% set by_name = {} %}
    {% for given in warehouse_forecaster.setting('panels', by_default) %}
        {% do by_name.update({given.get('name'): given}) %}
    {% endfor %}
    {% for given in warehouse_forecaster.setting('panels', by_default) %}
        {% do warehouse_forecaster.refuse_unknown_keys("var panels: entry " ~ loop.index, given, allowed) %}
        {% set declared = given %}
        {% if 'nodes_of' in given %}
            {% do warehouse_forecaster.check_nodes_panel(given, by_name) %}
            {#- no key of a line: its demand is in `aggregates` #}
            {% set declared = {'grain': [], 'levels': [], 'node_levels': by_name[given.nodes_of].get('levels', [[]])} %}
            {% for key in inherited if key in by_name[given.nodes_of] %}
                {% do declared.update({key: by_name[given.nodes_of][key]}) %}
            {% endfor %}
            {% do declared.update(given) %}
        {% endif %}
        {% for key in ['name', 'grain', 'frequency', 'horizon'] if key not in declared %}
            {{ exceptions.raise_compiler_error("var panels: entry " ~ loop.index ~ " has no '" ~ key ~ "'; every panel needs name, grain, frequency and horizon") }}
        {% endfor %}
        {% if not modules.re.match('^[A-Za-z][A-Za-z0-9_]*$', declared.name | string) %}
            {{ exceptions.raise_compiler_error("var panels: '" ~ declared.name ~ "' cannot name a panel; use letters, digits and _, a letter first") }}
        {% endif %}
        {% if declared.name in names %}
            {{ exceptions.raise_compiler_error("var panels: two panels are named '" ~ declared.name ~ "'; give each its own name") }}
        {% endif %}
        {% do names.append(declared.name) %}
        {% if not declared.get('nodes_of') and (declared.grain is string or declared.grain | length == 0) %}
            {{ exceptions.raise_compiler_error("var panels: panel '" ~ declared.name ~ "' needs a list of columns as its grain, such as [item_id, location_id]") }}
        {% endif %}
        {% if declared.frequency not in frequencies %}
            {{ exceptions.raise_compiler_error("var panels: panel '" ~ declared.name ~ "' has frequency '" ~ declared.frequency ~ "'; use day, week or month") }}
        {% endif %}
        {% if declared.horizon | int < 1 %}
            {{ exceptions.raise_compiler_error("var panels: panel '" ~ declared.name ~ "' has horizon " ~ declared.horizon ~ "; it must be 1 or more periods") }}
        {% endif %}
        {% for column in declared.grain if column not in keys %}
            {{ exceptions.raise_compiler_error("var panels: panel '" ~ declared.name ~ "' has '" ~ column ~ "' in its grain; use " ~ keys | join(', ')) }}
        {% endfor %}
        {% set panel = {
            'season_length': 1, 'signed': false, 'levels': [[]], 'cutoffs': {'count': 1, 'step': declared.horizon}, 'nodes_of': none,
        } %}
        {% do panel.update(declared) %}
        {% if panel.season_length | int < 1 %}
            {{ exceptions.raise_compiler_error("var panels: panel '" ~ panel.name ~ "' has season_length " ~ panel.season_length ~ "; it must be 1 (no season) or more periods") }}
        {% endif %}
        {% if panel.cutoffs is mapping %}
            {% do warehouse_forecaster.refuse_unknown_keys("var panels: cutoffs of panel '" ~ panel.name ~ "'", panel.cutoffs, ['count', 'step']) %}
        {% endif %}
        {% if panel.cutoffs is mapping and (panel.cutoffs.get('count', 1) | int < 0 or panel.cutoffs.get('step', 1) | int < 1) %}
            {{ exceptions.raise_compiler_error("var panels: panel '" ~ panel.name ~ "' needs cutoffs with count 0 or more and step 1 or more, or a list of dates") }}
        {% endif %}
        {% do result.append(panel) %}
    {% endfor %}
    {{ return(result) }}
{% endmacro %}
