{#- One column of the contract from a read input: typed, or a typed null where it is not mapped. -#}
{% macro input_column(input, column) -%}
    {%- set contract = warehouse_forecaster.input_contract()[input.name] -%}
    {%- set kind = contract.required.get(column) or contract.optional[column] -%}
    {%- if column not in input.columns -%}
        cast(null as {{ warehouse_forecaster.sql_type(kind) }})
    {%- else -%}
        {%- set theirs = warehouse_forecaster.quoted_column(input.columns[column]) -%}
        {%- set type = input.types.get(input.columns[column] | lower, '') -%}
        {{ warehouse_forecaster.read_value(theirs, type, kind) }}
    {%- endif -%}
{%- endmacro %}
