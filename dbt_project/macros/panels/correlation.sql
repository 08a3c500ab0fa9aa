{#- The size of the correlation of two expressions, 0 where one of them never varies (engines disagree on what `corr` is then). -#}
{% macro correlation(a, b) -%}
    coalesce(abs(case
        when var_pop(case when {{ b }} is not null then {{ a }} end) > 0 and var_pop(case when {{ a }} is not null then {{ b }} end) > 0
            then corr({{ a }}, {{ b }})
    end), 0)
{%- endmacro %}
