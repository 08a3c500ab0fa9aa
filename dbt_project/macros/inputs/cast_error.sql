{#- Names each column whose value could not be read, with the value: `quantity: 'many'; ordered_at: '31.02.2026'`. -#}
{% macro cast_error(input) -%}
    {%- set contract = warehouse_forecaster.input_contract()[input.name] -%}
    {%- set checks = [] -%}
    {%- for column, theirs in input.columns.items() -%}
        {%- set kind = contract.required.get(column) or contract.optional[column] -%}
        {%- set type = input.types.get(theirs | lower, '') -%}
        {%- if warehouse_forecaster.can_fail(type, kind) -%}
            {%- set value = warehouse_forecaster.quoted_column(theirs) -%}
            {%- set text = warehouse_forecaster.clean_text(value, type) -%}
            {#- a double is written out only where it is to be shown: of many million rows that takes longer than all else -#}
            {%- set is_double = type in ['double', 'float'] -%}
            {%- set is_given = (value if is_double else text) ~ " is not null" -%}
            {%- set shown = "cast(" ~ value ~ " as varchar)" if is_double else text -%}
            {%- do checks.append(
                "case when " ~ is_given ~ " and " ~ warehouse_forecaster.read_value(value, type, kind)
                ~ " is null then '" ~ column ~ ": ''' || " ~ shown ~ " || '''' end"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if checks -%}
        nullif(concat_ws('; ', {{ checks | join(', ') }}), '')
    {%- else -%}
        cast(null as varchar)
    {%- endif -%}
{%- endmacro %}
