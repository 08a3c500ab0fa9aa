{#- Columns with their relation before them. -#}
{% macro qualified(relation, columns) %}
    {% set result = [] %}
    {% for column in columns %}
        {% do result.append(relation ~ '.' ~ column) %}
    {% endfor %}
    {{ return(result) }}
{% endmacro %}
