{#- 1 where the interval, bounds included, holds the actual; null without an interval. -#}
{% macro is_covered(y, lower, upper) -%}
    case
        when {{ y }} is null or {{ lower }} is null or {{ upper }} is null then null
        when {{ y }} between {{ lower }} and {{ upper }} then 1.0
        else 0.0
    end
{%- endmacro %}
