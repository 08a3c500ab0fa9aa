{#- Stops where a mapping of a var has a key that nothing reads: a misspelt setting would else count as one not given. -#}
{% macro refuse_unknown_keys(place, given, allowed) %}
    {% if given is not mapping %}
        {{ exceptions.raise_compiler_error(place ~ ": '" ~ given ~ "' is no mapping; write {key: value} with keys of " ~ allowed | join(', ')) }}
    {% endif %}
    {% for key in given if key not in allowed %}
        {{ exceptions.raise_compiler_error(place ~ ": there is no key '" ~ key ~ "'; use " ~ allowed | join(', ')) }}
    {% endfor %}
{% endmacro %}
