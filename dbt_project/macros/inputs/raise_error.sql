{#- An expression that stops the statement with a message (an SQL expression); it must depend on the data, or the engine
    may work it out before it looks at any. -#}
{% macro raise_error(message) -%}
    {{ return(adapter.dispatch('raise_error', 'warehouse_forecaster')(message)) }}
{%- endmacro %}

{% macro default__raise_error(message) -%}
    error({{ message }})
{%- endmacro %}
