{#- An input ready to be staged: its relation, its columns ({contract: theirs}) and, where the warehouse can say,
    the types they have there ({theirs: type}). Refuses a table or column that is not there, by name. -#}
{% macro read_input(name) %}
    {% set input = warehouse_forecaster.get_inputs().get(name) %}
    {% if input is none %}
        {{ return({'name': name, 'relation': none, 'columns': {}, 'types': {}}) }}
    {% endif %}
    {% set relation = warehouse_forecaster.input_relation(name) %}
    {% set types = {} %}
    {# A unit test gives its rows as a CTE, an ephemeral model is one: there is no table to look at. #}
    {% if execute and relation.type != 'cte' and not (relation.identifier or '').startswith('__dbt__cte__') %}
        {% do types.update(warehouse_forecaster.input_types(input, relation)) %}
    {% endif %}
    {{ return({'name': name, 'relation': relation, 'columns': input.columns, 'types': types}) }}
{% endmacro %}
