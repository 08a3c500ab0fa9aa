{#- Every row's columns stand as a row of another relation, under the same names or those in `to_columns`. -#}
{% test members_of(model, columns, to, to_columns=none) %}
{%- set to_columns = to_columns or columns -%}
select distinct {% for column in columns %}a.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

from {{ model }} as a
where
    not exists (
        select 1
        from {{ to }} as b
        where {% for column in columns %}a.{{ column }} = b.{{ to_columns[loop.index0] }}{{ ' and ' if not loop.last }}{% endfor %}

    )
{% endtest %}
