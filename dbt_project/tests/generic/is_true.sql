{#- A condition holds in every row; a row where it is null fails too. -#}
{% test is_true(model, condition) %}
select *
from {{ model }}
where not coalesce({{ condition }}, false)
{% endtest %}
