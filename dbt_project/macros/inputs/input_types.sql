{#- {column in lower case: type in lower case} of an input's table; an error where the table or a mapped column is missing.
    A source with an external_location is a file: it is in no schema, and DuckDB describes it. -#}
{% macro input_types(input, relation) %}
    {% set place = "input " ~ input.name ~ " (var inputs." ~ input.name ~ ")" %}
    {% set kind = 'source ' ~ input.source | join('.') if input.source else 'model ' ~ input.model %}
    {% set is_file = relation.external is defined and relation.external is not none %}
    {% if not is_file and adapter.get_relation(relation.database, relation.schema, relation.identifier) is none %}
        {{ exceptions.raise_compiler_error(
            place ~ ": " ~ kind ~ " is not in the warehouse (looked for " ~ relation
            ~ "); load or build it, correct the mapping, or take the input out of var inputs"
        ) }}
    {% endif %}
    {% set types = {} %}
    {% if is_file %}
        {% for column in run_query("describe select * from " ~ relation) %}
            {% do types.update({column[0] | lower: column[1] | lower}) %}
        {% endfor %}
    {% else %}
        {% for column in adapter.get_columns_in_relation(relation) %}
            {% do types.update({column.name | lower: column.data_type | lower}) %}
        {% endfor %}
    {% endif %}
    {% for column, theirs in input.columns.items() if types and theirs | lower not in types %}
        {{ exceptions.raise_compiler_error(
            place ~ ": " ~ kind ~ " has no column '" ~ theirs ~ "'"
            ~ (" (for " ~ column ~ ")" if theirs != column else "")
            ~ "; it has " ~ types.keys() | join(', ')
            ~ ". Fix the mapping or the table" ~ (", or leave " ~ column ~ " out of columns" if column in warehouse_forecaster.input_contract()[input.name].optional else "")
        ) }}
    {% endfor %}
    {{ return(types) }}
{% endmacro %}
