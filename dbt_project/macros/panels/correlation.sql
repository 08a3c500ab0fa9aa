{#- The size of the correlation of two expressions, 0 where one of them never varies: engines disagree on what `corr` is then. -#}
{% macro correlation(a, b) -%}
    coalesce(case when not isnan(corr({{ a }}, {{ b }})) then abs(corr({{ a }}, {{ b }})) end, 0)
{%- endmacro %}
