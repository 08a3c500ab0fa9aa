{#- How the var `imputation` says to fill a column: one of the methods that make sense for it, or a number. -#}
{% macro imputation_method(column, default='median', allowed=['mean', 'median', 'forward_fill', 'seasonal_median']) %}
    {% set method = (var('imputation', {}) or {}).get(column, default) %}
    {% if method is number and method is not boolean %}
        {{ return(method) }}
    {% endif %}
    {% if method not in allowed %}
        {{ exceptions.raise_compiler_error(
            "var imputation: " ~ column ~ " is '" ~ method ~ "'; use " ~ allowed | join(', ') ~ " or a number"
        ) }}
    {% endif %}
    {{ return(method) }}
{% endmacro %}
