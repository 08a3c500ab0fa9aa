{#- An incremental strategy for tables of demand: batches whose rows changed, or are no more, are replaced whole. `unique_key` names the
    batch: a day, or a panel's period. One transaction. -#}
{% macro get_incremental_replace_batches_sql(arg_dict) %}
    {% set target = arg_dict['target_relation'] %}
    {% set key = arg_dict['unique_key'] %}
    {% set key = [key] if key is string else key %}
    {% set named = ['panel_name', 'ds'][2 - key | length:] %}
    {% set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}

    delete from {{ target }}
    where exists (
        select 1
        from (
            select {{ named | join(', ') }} from ({{ warehouse_forecaster.touched_batches() }}) as touched
            union
            select {{ key | join(', ') }} from {{ arg_dict['temp_relation'] }}
        ) as batches
        where
            {%- for column in key %}
            batches.{{ named[loop.index0] }} = {{ target }}.{{ column }}{{ ' and' if not loop.last }}
            {%- endfor %}

    );

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}
