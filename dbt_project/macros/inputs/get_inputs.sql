{#- The var `inputs`, checked against the contract: {input: {relation…, columns: {contract column: theirs}}}. -#}
{% macro get_inputs() %}
    {% set contract = warehouse_forecaster.input_contract() %}
    {% set declared = var('inputs', {}) or {} %}
    {% set result = {} %}
    {% for name, mapping in declared.items() %}
        {% set place = "var inputs." ~ name %}
        {% if name not in contract %}
            {{ exceptions.raise_compiler_error(
                place ~ ": there is no such input; the inputs are " ~ contract.keys() | join(', ')
            ) }}
        {% endif %}
        {% if mapping is mapping %}
            {% do warehouse_forecaster.refuse_unknown_keys(place, mapping, ['model', 'package', 'source', 'columns']) %}
        {% endif %}
        {% if mapping is not mapping or ('model' in mapping) == ('source' in mapping) %}
            {{ exceptions.raise_compiler_error(
                place ~ ": say where it is with either {model: name} (and package: where it is another's) or {source: [source, table]}"
            ) }}
        {% endif %}
        {% if 'source' in mapping and (mapping.source is string or mapping.source | length != 2) %}
            {{ exceptions.raise_compiler_error(place ~ ": source must be [source, table], not " ~ mapping.source) }}
        {% endif %}
        {% set given = mapping.get('columns') or [] %}
        {% set columns = {} %}
        {% for column in contract[name].required %}
            {% do columns.update({column: column}) %}
        {% endfor %}
        {% for column in given %}
            {% if column not in contract[name].required and column not in contract[name].optional %}
                {{ exceptions.raise_compiler_error(
                    place ~ ".columns: '" ~ column ~ "' is no column of this input; it needs "
                    ~ contract[name].required.keys() | join(', ')
                    ~ " and takes " ~ (contract[name].optional.keys() | join(', ') or 'no others')
                ) }}
            {% endif %}
            {% do columns.update({column: given[column] if given is mapping else column}) %}
        {% endfor %}
        {% set entry = {
            'name': name, 'model': mapping.get('model'), 'package': mapping.get('package'),
            'source': mapping.get('source'), 'columns': columns,
        } %}
        {% do result.update({name: entry}) %}
    {% endfor %}
    {% if 'sales' not in result and 'demand' not in result %}
        {{ exceptions.raise_compiler_error(
            "var inputs: neither 'sales' nor 'demand' is mapped, and demand must come from one of them; for example "
            ~ "inputs: {sales: {model: orders, columns: {item_id: sku}}}"
        ) }}
    {% endif %}
    {% if 'sales' in result and 'demand' in result %}
        {{ exceptions.raise_compiler_error(
            "var inputs: both 'sales' and 'demand' are mapped, and demand would count twice; keep one of them"
        ) }}
    {% endif %}
    {{ return(result) }}
{% endmacro %}
