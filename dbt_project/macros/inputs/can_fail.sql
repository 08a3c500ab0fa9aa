{#- Whether a value of this warehouse type ('' where unknown) may be unreadable as this kind of the contract. -#}
{% macro can_fail(type, kind) %}
    {% set safe = {
        'text': [type],
        'number': ['tinyint', 'smallint', 'integer', 'bigint', 'utinyint', 'usmallint', 'uinteger', 'ubigint', 'hugeint'],
        'integer': ['tinyint', 'smallint', 'integer', 'utinyint', 'usmallint'],
        'flag': ['boolean'],
        'date': ['date', 'timestamp', 'timestamp with time zone'],
        'time': ['date', 'timestamp', 'timestamp with time zone'],
    } %}
    {{ return(type not in safe[kind] and not (kind == 'number' and type.startswith('decimal') and not type.endswith(']'))) }}
{% endmacro %}
