{#- Tables of many series are written by parts of them, so that the memory that windows and joins take does not grow with the rows: a model
    computes the first part, and its hook `write_other_parts` the same statement for each of the others, in the same transaction. -#}

{#- Where each part after the first begins, an id of a series; none where the rows to write are few enough for one statement. `starts` is
    what rebuild_starts() returned. -#}
{% macro series_parts(starts) %}
    {% set most = var('rows_at_once') %}
    {% if most is not integer or most < 1 %}
        {{ exceptions.raise_compiler_error("var rows_at_once is " ~ most ~ ": it must be a whole number of rows, 1 or more (8 million by default)") }}
    {% endif %}
    {% if execute and model.resource_type == 'unit_test' %}{{ return([]) }}{% endif %}
    {% set series = ref('warehouse_forecaster', 'int_series') %}
    {% set periods = ref('warehouse_forecaster', 'int_periods') %}
    {% if not execute %}{{ return([]) }}{% endif %}
    {% set query %}
        with written as (
            select panel_name, count(*) as n_periods
            from {{ periods }}
            where {{ warehouse_forecaster.since_in_panels(starts) }}
            group by panel_name
        ),

        numbered as (
            select
                series.unique_id,
                sum(written.n_periods) over (
                    order by series.unique_id, series.panel_name rows between unbounded preceding and current row
                ) - written.n_periods as n_before
            from {{ series }} as series
            inner join written on series.panel_name = written.panel_name
        )

        select min(unique_id) as unique_id
        from numbered
        group by floor(n_before / {{ most }})
        order by unique_id
    {% endset %}
    {{ return(run_query(query).columns[0].values()[1:] | list) }}
{% endmacro %}

{#- The rows of a part, by the column that holds the series' id; the first part in a model. -#}
{% macro in_part(parts, column='unique_id', part=0) -%}
    {%- if not parts -%}
        true
    {%- else -%}
        {%- set bounds = [] -%}
        {%- if part > 0 -%}{%- do bounds.append(column ~ " >= '" ~ parts[part - 1] | replace("'", "''") ~ "'") -%}{%- endif -%}
        {%- if part < parts | length -%}{%- do bounds.append(column ~ " < '" ~ parts[part] | replace("'", "''") ~ "'") -%}{%- endif -%}
        /* part */ {{ bounds | join(' and ') }} /* part */
    {%- endif -%}
{%- endmacro %}

{#- Writes the parts after the first. -#}
{% macro write_other_parts() %}
    {% set parts = warehouse_forecaster.series_parts(warehouse_forecaster.rebuild_starts()) %}
    {% if not execute or not parts %}{{ return('') }}{% endif %}
    {% set pieces = sql.split('/* part */') %}
    {% set columns = get_quoted_csv(adapter.get_columns_in_relation(this) | map(attribute='name')) %}
    {% for part in range(1, parts | length + 1) %}
    insert into {{ this }} ({{ columns }})
    select {{ columns }} from (
        {% for piece in pieces %}
        {%- if loop.index is even %}
        {{- warehouse_forecaster.in_part(parts, piece.split(' < ')[0] | trim, part) }}
        {%- else %}
        {{- piece }}
        {%- endif %}
        {%- endfor %}

    ) as part_{{ part }};
    {% endfor %}
{% endmacro %}
