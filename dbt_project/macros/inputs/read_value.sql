{#- A column of a given warehouse type ('' where unknown) read as a kind of the contract; null where it cannot be read.
    Whatever has not the right type already goes by text, which every type can be cast to. -#}
{% macro read_value(expression, type, kind) -%}
    {%- set text = warehouse_forecaster.clean_text(expression, type) -%}
    {%- if kind == 'text' -%}
        {{ text }}
    {%- elif kind == 'time' -%}
        {{ warehouse_forecaster.read_time(expression, type, text) }}
    {%- elif kind == 'date' -%}
        {{ warehouse_forecaster.read_date(expression, type, text) }}
    {%- elif kind == 'number' and warehouse_forecaster.can_fail(type, kind) -%}
        {#- 'nan' and 'infinity' are doubles, but no quantities. -#}
        {%- set number = "try_cast(" ~ (expression if type in ['double', 'float'] else text) ~ " as double)" -%}
        case when isfinite({{ number }}) then {{ number }} end
    {%- elif warehouse_forecaster.can_fail(type, kind) -%}
        try_cast({{ text }} as {{ warehouse_forecaster.sql_type(kind) }})
    {%- else -%}
        cast({{ expression }} as {{ warehouse_forecaster.sql_type(kind) }})
    {%- endif -%}
{%- endmacro %}
