{#- How the var `imputation` says to fill a column: one of the methods that make sense for it, or a number. What is looked at over time
    may follow the season; an attribute or a planned price has none. -#}
{% macro imputation_method(column, default='median') %}
    {% set plain = ['mean', 'median', 'forward_fill'] %}
    {% set seasonal = plain + ['seasonal_median'] %}
    {% set allowed = {
        'unit_price': seasonal, 'price': plain, 'price_paid': seasonal,
        'list_price': plain, 'unit_cost': plain, 'volume': plain, 'weight': plain, 'pack_size': plain, 'lead_time': plain,
        'customer_age': plain,
        'competitor_price': seasonal, 'competitor_sales': seasonal, 'trend_index': seasonal,
    } %}
    {% set given = var('imputation', {}) or {} %}
    {% do warehouse_forecaster.refuse_unknown_keys('var imputation', given, allowed) %}
    {% set method = given.get(column, default) %}
    {% if method is number and method is not boolean %}
        {{ return(method) }}
    {% endif %}
    {% if method not in allowed[column] %}
        {{ exceptions.raise_compiler_error(
            "var imputation: " ~ column ~ " is '" ~ method ~ "'; use " ~ allowed[column] | join(', ') ~ " or a number"
        ) }}
    {% endif %}
    {{ return(method) }}
{% endmacro %}
