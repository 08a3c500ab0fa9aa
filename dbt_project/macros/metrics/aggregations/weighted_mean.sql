{#- Over the rows that have a value: their weights are brought to a sum of 1. -#}
{% macro weighted_mean(expression, weight) -%}
    sum({{ expression }} * {{ weight }}) / nullif(sum(case when {{ expression }} is not null then {{ weight }} end), 0)
{%- endmacro %}
