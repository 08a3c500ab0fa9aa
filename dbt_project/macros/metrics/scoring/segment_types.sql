{#- The columns of `segments` by which forecasts are scored. -#}
{% macro segment_types() %}
    {{ return(['life_cycle', 'volume_class', 'intermittency', 'segment']) }}
{% endmacro %}
