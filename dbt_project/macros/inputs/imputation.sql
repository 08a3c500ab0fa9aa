{#- How a column's missing values are made up: mean, median, forward_fill, seasonal_median or a number. -#}
{% macro imputation(column, default='median') %}
    {% set methods = ['mean', 'median', 'forward_fill', 'seasonal_median'] %}
    {% set method = (var('imputation', {}) or {}).get(column, default) %}
    {% if method not in methods and method is not number %}
        {{ exceptions.raise_compiler_error(
            "var imputation: '" ~ method ~ "' for " ~ column ~ " is no method; use " ~ methods | join(', ') ~ " or a number"
        ) }}
    {% endif %}
    {{ return(method) }}
{% endmacro %}
