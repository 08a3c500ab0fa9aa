{#- A mean, spread or ratio as a feature holds it. A sum of doubles differs in its last digits with the frame it starts in and the order
    it is taken in; unrounded, a rebuild of unchanged data would differ from the build before it, and train anew for nothing. -#}
{% macro rounded(expression) -%}
    round(cast({{ expression }} as double), 6)
{%- endmacro %}
