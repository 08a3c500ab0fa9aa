{#- Whether a text holds a time of day and an offset after it (Z, +02, +0200, +02:00, UTC). -#}
{% macro has_offset(text) -%}
    regexp_matches({{ text }}, '[0-9]{2}:[0-9]{2}.*([zZ]|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$')
{%- endmacro %}
