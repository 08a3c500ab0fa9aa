{#- A quantile of the rows whose position lies 1 … n before this row's, within its series. No other engine than DuckDB has it as
    a window; there, a percentile over a self-join. -#}
{% macro trailing_quantile(value, quantile, position, n, partition_by) -%}
    {{ return(adapter.dispatch('trailing_quantile', 'warehouse_forecaster')(value, quantile, position, n, partition_by)) }}
{%- endmacro %}

{% macro default__trailing_quantile(value, quantile, position, n, partition_by) -%}
    quantile_cont({{ value }}, {{ quantile }}) over (
        partition by {{ partition_by | join(', ') }} order by {{ position }} range between {{ n }} preceding and 1 preceding
    )
{%- endmacro %}
