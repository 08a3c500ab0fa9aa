{#- The warehouse's type for a kind of the contract. -#}
{% macro sql_type(kind) %}
    {{ return({
        'text': 'varchar', 'number': 'double', 'integer': 'integer', 'flag': 'boolean', 'date': 'date', 'time': 'timestamp',
    }[kind]) }}
{% endmacro %}
