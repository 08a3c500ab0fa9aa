{#- When this statement was written, as a literal (UTC): all rows of one build bear the same. -#}
{% macro this_moment() -%}
    cast('{{ modules.datetime.datetime.now(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp)
{%- endmacro %}
