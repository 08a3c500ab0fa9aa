{#- Mean width of the interval where there is an actual to compare it with. -#}
{% macro interval_width(y, lower, upper) -%}
    {{ warehouse_forecaster.mean_of('case when ' ~ y ~ ' is not null then ' ~ upper ~ ' - ' ~ lower ~ ' end') }}
{%- endmacro %}
