{#- One setting of the `outliers` var, or its default. -#}
{% macro outlier_rule(key) %}
    {% set defaults = {'method': 'mad', 'threshold': 8, 'periods': 91} %}
    {% set given = var('outliers', {}) or {} %}
    {% do warehouse_forecaster.refuse_unknown_keys('var outliers', given, defaults) %}
    {% set rule = given.get(key, defaults[key]) %}
    {% if key == 'method' and rule not in ['mad', 'iqr', 'none'] %}
        {{ exceptions.raise_compiler_error("var outliers: method '" ~ rule ~ "' is none of mad, iqr, none") }}
    {% endif %}
    {{ return(rule) }}
{% endmacro %}
