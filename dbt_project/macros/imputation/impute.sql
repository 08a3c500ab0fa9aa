{#- What a missing value is filled with: a statistic of the known values up to and including the row's own moment.
    method     what imputation_method() returned
    value      the column, null where it is not known
    partition  whose history counts; null: everyone's
    order      the moment of a row; rows of one moment see each other
    slot       place in the season, for seasonal_median
    A median looks at the last `known` rows only: over all history it costs many times as much and adapts too slowly. -#}
{% macro impute(method, value, partition, order, slot=none, known=31) -%}
    {%- if method is number -%}
        cast({{ method }} as double)
    {%- else -%}
        {%- set keys = [] -%}
        {%- if partition -%}{%- do keys.append(partition) -%}{%- endif -%}
        {%- if method == 'seasonal_median' and slot -%}{%- do keys.append(slot) -%}{%- endif -%}
        {%- set by = ('partition by ' ~ keys | join(', ') ~ ' ') if keys else '' -%}
        {%- if method == 'mean' -%}
            avg({{ value }}) over ({{ by }}order by {{ order }})
        {%- elif method == 'forward_fill' -%}
            {{ warehouse_forecaster.last_known(value, keys | join(', ') or '1', order) }}
        {%- else -%}
            {{ warehouse_forecaster.trailing_median(value, by, order, known) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
