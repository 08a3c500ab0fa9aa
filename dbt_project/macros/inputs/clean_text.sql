{#- A value as text: one Unicode form, no blank, tab, line end, no-break space or byte order mark around it, empty is null.
    Bytes that are not UTF-8 are kept as escapes. -#}
{% macro clean_text(expression, type='') %}
    {{ return(adapter.dispatch('clean_text', 'warehouse_forecaster')(expression, type)) }}
{% endmacro %}

{% macro default__clean_text(expression, type) -%}
    {%- set text = "coalesce(try(decode(" ~ expression ~ ")), cast(" ~ expression ~ " as varchar))" if type == 'blob' else "cast(" ~ expression ~ " as varchar)" -%}
    {%- set blanks = "' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279)" -%}
    nullif(trim(nfc_normalize({{ text }}), {{ blanks }}), '')
{%- endmacro %}
