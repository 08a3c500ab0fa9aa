{#- All rows of a read input; none where it is not mapped. -#}
{% macro input_rows(input) -%}
    {%- if input.relation is none -%}
        select 1 as nothing where false
    {%- else -%}
        select * from {{ input.relation }}
    {%- endif -%}
{%- endmacro %}
