{#- Over the rows that have both; null where the denominator adds up to 0. -#}
{% macro ratio_of_sums(numerator, denominator) -%}
    sum(case when {{ denominator }} is not null then {{ numerator }} end)
    / nullif(sum(case when {{ numerator }} is not null then {{ denominator }} end), 0)
{%- endmacro %}
