{#- From 0 to 2; 0 where forecast and actual are both 0. -#}
{% macro symmetric_percentage_error(y, yhat) -%}
    case
        when abs({{ y }}) + abs({{ yhat }}) = 0 then 0
        else 2 * abs({{ y }} - {{ yhat }}) / (abs({{ y }}) + abs({{ yhat }}))
    end
{%- endmacro %}
