{#- A column of an input, quoted: dbt's quote does not double the quotes within a name. -#}
{% macro quoted_column(name) %}
    {{ return(adapter.quote(name | replace('"', '""'))) }}
{% endmacro %}
