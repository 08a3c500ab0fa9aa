{#- Whether a staged row's cast_error names this column. -#}
{% macro unreadable(column) -%}
    coalesce(regexp_matches(cast_error, '(^|; ){{ column }}: '), false)
{%- endmacro %}
