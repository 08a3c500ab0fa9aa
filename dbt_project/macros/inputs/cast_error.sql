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
            {%- do checks.append(
                "case when " ~ text ~ " is not null and " ~ warehouse_forecaster.read_value(value, type, kind)
                ~ " is null then '" ~ column ~ ": ''' || " ~ text ~ " || '''' end"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if checks -%}
        nullif(concat_ws('; ', {{ checks | join(', ') }}), '')
    {%- else -%}
        cast(null as varchar)
    {%- endif -%}
{%- endmacro %}
