{#- The last value that is not null, up to and including the row's own period. -#}
{% macro last_known(value, partition, order) %}
    {{ return(adapter.dispatch('last_known', 'warehouse_forecaster')(value, partition, order)) }}
{% endmacro %}

{% macro default__last_known(value, partition, order) -%}
    last_value({{ value }} ignore nulls) over (
        partition by {{ partition }} order by {{ order }} rows between unbounded preceding and current row
    )
{%- endmacro %}

{% macro spark__last_known(value, partition, order) -%}
    last_value({{ value }}, true) over (
        partition by {{ partition }} order by {{ order }} rows between unbounded preceding and current row
    )
{%- endmacro %}
