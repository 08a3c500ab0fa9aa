{#- Quantile loss of one forecast quantile. The case, not greatest(): that skips nulls on some engines. -#}
{% macro pinball_loss(y, value, quantile) -%}
    case
        when {{ y }} >= {{ value }} then {{ quantile }} * ({{ y }} - {{ value }})
        when {{ y }} < {{ value }} then (1 - {{ quantile }}) * ({{ value }} - {{ y }})
    end
{%- endmacro %}
