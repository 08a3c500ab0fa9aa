{#- rebuild_starts() for `panel`, whose columns are a contract: a table of other columns is named with the remedy. -#}
{% macro panel_starts() %}
    {% set starts = warehouse_forecaster.rebuild_starts() %}
    {% if starts %}
        {% set expected = warehouse_forecaster.find_model('panel', 'warehouse_forecaster').columns.keys() | map('lower') | list %}
        {% set found = adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower') | list %}
        {% set differing = (expected | reject('in', found) | list) + (found | reject('in', expected) | list) %}
        {% if differing %}
            {{ exceptions.raise_compiler_error(
                "table " ~ this ~ " was built by another version of the package: its columns differ in " ~ differing | join(', ')
                ~ "; run `forecast build --full-refresh`, or dbt build --full-refresh (forecasts stay)"
            ) }}
        {% endif %}
    {% endif %}
    {{ return(starts) }}
{% endmacro %}
