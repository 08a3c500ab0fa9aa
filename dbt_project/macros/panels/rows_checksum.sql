{#- One number for a set of rows, whatever their order; rows in which all columns are null count for nothing, as if absent. -#}
{% macro rows_checksum(key, columns) -%}
    {{ return(adapter.dispatch('rows_checksum', 'warehouse_forecaster')(key, columns)) }}
{%- endmacro %}

{% macro default__rows_checksum(key, columns) -%}
    bit_xor(case
        when {% for column in columns %}{{ column }} is not null{{ ' or ' if not loop.last }}{% endfor %}

            then hash({{ key }}{% for column, type in columns.items() %}, cast({{ column }} as {{ type }}){% endfor %})
        else cast(0 as ubigint)
    end)
{%- endmacro %}

{% macro spark__rows_checksum(key, columns) -%}
    bit_xor(case
        when {% for column in columns %}{{ column }} is not null{{ ' or ' if not loop.last }}{% endfor %}

            then xxhash64({{ key }}{% for column, type in columns.items() %}, cast({{ column }} as {{ type }}){% endfor %})
        else 0
    end)
{%- endmacro %}
