{#- {column in lower case: type in lower case} of an input's table; an error where the table or a mapped column is missing. -#}
{% macro input_types(input, relation) %}
    {% set place = "input " ~ input.name ~ " (var inputs." ~ input.name ~ ")" %}
    {% set kind = 'source ' ~ input.source | join('.') if input.source else 'model ' ~ input.model %}
    {% if adapter.get_relation(relation.database, relation.schema, relation.identifier) is none %}
        {{ exceptions.raise_compiler_error(
            place ~ ": " ~ kind ~ " is not in the warehouse (looked for " ~ relation
            ~ "); load or build it, correct the mapping, or take the input out of var inputs"
        ) }}
    {% endif %}
    {% set types = {} %}
    {% for column in adapter.get_columns_in_relation(relation) %}
        {% do types.update({column.name | lower: column.data_type | lower}) %}
    {% endfor %}
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
