{#- Width of the interval plus 2/alpha for each unit by which the actual misses it (Winkler 1972); alpha = 1 - confidence level. -#}
{% macro winkler_score(y, lower, upper, confidence_level) -%}
    case
        when {{ y }} < {{ lower }} then {{ upper }} - {{ lower }} + 2 * ({{ lower }} - {{ y }}) / nullif(1 - {{ confidence_level }}, 0)
        when {{ y }} > {{ upper }} then {{ upper }} - {{ lower }} + 2 * ({{ y }} - {{ upper }}) / nullif(1 - {{ confidence_level }}, 0)
        when {{ y }} is not null then {{ upper }} - {{ lower }}
    end
{%- endmacro %}
