{#- An incremental strategy for tables of panels: each panel is replaced from where its sources changed, periods that are no more go with
    the rest, and so do panels that are no more. One transaction. -#}
{% macro get_incremental_replace_onwards_sql(arg_dict) %}
    {% set target = arg_dict['target_relation'] %}
    {% set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    {% set panels = warehouse_forecaster.get_panels() %}

    delete from {{ target }}
    where
        {{ warehouse_forecaster.since_in_panels(warehouse_forecaster.rebuild_starts()) }}
        or panel_name not in ('{{ panels | map(attribute='name') | join("', '") }}');

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}
