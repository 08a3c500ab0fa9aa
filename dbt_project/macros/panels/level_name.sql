{% macro level_name(columns) %}
    {{ return(columns | join('/') if columns else 'total') }}
{% endmacro %}
