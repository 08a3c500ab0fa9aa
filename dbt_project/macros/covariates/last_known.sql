{#- The last value that is not null, up to and including the row's own period, or up to `back` rows before it. -#}
{% macro last_known(value, partition, order, back=0) %}
    {{ return(adapter.dispatch('last_known', 'warehouse_forecaster')(value, partition, order, back)) }}
{% endmacro %}

{% macro default__last_known(value, partition, order, back=0) -%}
    last_value({{ value }} ignore nulls) over (
        partition by {{ partition }} order by {{ order }}
        rows between unbounded preceding and {{ back ~ ' preceding' if back else 'current row' }}
    )
{%- endmacro %}

{% macro spark__last_known(value, partition, order, back=0) -%}
    last_value({{ value }}, true) over (
        partition by {{ partition }} order by {{ order }}
        rows between unbounded preceding and {{ back ~ ' preceding' if back else 'current row' }}
    )
{%- endmacro %}
