{#- A customer's age in years on a day, from the year of birth or as given; null where nobody is that old or buys that young. -#}
{% macro age_at(day, birth_year, age) -%}
    case
        when coalesce(extract(year from {{ day }}) - {{ birth_year }}, {{ age }}) between 5 and 110
            then cast(coalesce(extract(year from {{ day }}) - {{ birth_year }}, {{ age }}) as double)
    end
{%- endmacro %}
