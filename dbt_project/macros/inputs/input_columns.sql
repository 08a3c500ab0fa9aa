{#- Every column of an input's contract, typed and named, in the contract's order, and `cast_error`. -#}
{% macro input_columns(input) -%}
    {%- set contract = warehouse_forecaster.input_contract()[input.name] -%}
    {%- for column in contract.required.keys() | list + contract.optional.keys() | list %}
        {{ warehouse_forecaster.input_column(input, column) }} as {{ column }},
    {%- endfor %}
        {{ warehouse_forecaster.cast_error(input) }} as cast_error
{%- endmacro %}
