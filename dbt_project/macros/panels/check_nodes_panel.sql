{#- A panel of nodes is refused where nothing says whose nodes, or nothing brings their histories. -#}
{% macro check_nodes_panel(declared, by_name) %}
    {% set place = "var panels: panel '" ~ declared.get('name') ~ "' has nodes_of '" ~ declared.nodes_of ~ "'" %}
    {% set parent = by_name.get(declared.nodes_of) %}
    {% if not parent %}
        {{ exceptions.raise_compiler_error(place ~ ", and no panel has that name; name one of " ~ by_name.keys() | join(', ')) }}
    {% endif %}
    {% if 'nodes_of' in parent %}
        {{ exceptions.raise_compiler_error(place ~ ", which is a panel of nodes itself; name the panel whose sums the nodes are") }}
    {% endif %}
    {% for key in ['grain', 'levels'] if key in declared %}
        {{ exceptions.raise_compiler_error(place ~ " and a " ~ key ~ "; take it out: its series are the nodes, by level and node_id, of the levels of '" ~ declared.nodes_of ~ "'") }}
    {% endfor %}
    {% if not parent.get('levels', [[]]) %}
        {{ exceptions.raise_compiler_error(place ~ ", which has no levels; give it some, such as levels: [[], [category]]") }}
    {% endif %}
    {% if parent.get('frequency') != declared.get('frequency', parent.get('frequency')) %}
        {{ exceptions.raise_compiler_error(place ~ " but another frequency; leave it out, for nodes add up with their members period by period") }}
    {% endif %}
    {% if not warehouse_forecaster.has_input('aggregates') %}
        {{ exceptions.raise_compiler_error(
            place ~ ", but var inputs maps no 'aggregates'; map a table of level, node_id, ds and quantity, or take the panel out"
        ) }}
    {% endif %}
{% endmacro %}
