{#- Whether a text begins with year, month and day. Any other form is a guess ('31/02/24' is a day of the year 31 to the engine). -#}
{% macro is_iso_date(text) -%}
    regexp_matches({{ text }}, '^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}')
{%- endmacro %}
