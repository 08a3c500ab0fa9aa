{#- Text for a model to read: lower case, without markup, control characters and runs of blanks made one blank. -#}
{% macro tidy_text(expression) -%}
    {%- set plain = "regexp_replace(" ~ expression ~ ", '<[^<>]*>', ' ', 'g')" -%}
    lower(trim(regexp_replace({{ plain }}, '[[:cntrl:][:space:]]+', ' ', 'g')))
{%- endmacro %}
