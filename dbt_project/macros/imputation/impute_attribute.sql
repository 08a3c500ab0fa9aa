{#- An attribute of an item or customer, a missing one filled by the var `imputation`: from its group, else from all,
    known no later than itself, else 0. -#}
{% macro impute_attribute(column, group, known_from, key) -%}
    {%- set method = warehouse_forecaster.imputation_method(column) -%}
    {%- set order = known_from ~ ', ' ~ key if method == 'forward_fill' else known_from -%}
    cast(coalesce(
        {{ column }},
        {%- if group %}
        {{ warehouse_forecaster.impute(method, column, group, order, known=none) }},
        {%- endif %}
        {{ warehouse_forecaster.impute(method, column, none, order, known=none) }},
        0
    ) as double)
{%- endmacro %}
