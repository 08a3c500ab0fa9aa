{#- An incremental strategy for tables of panels: each panel is replaced from the first period of the new rows on, and periods and
    panels that are no more go. One transaction. -#}
{% macro get_incremental_replace_onwards_sql(arg_dict) %}
    {% set target = arg_dict['target_relation'] %}
    {% set rows = arg_dict['temp_relation'] %}
    {% set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}

    delete from {{ target }}
    where exists (
        select 1
        from (select panel_name, min(ds) as ds from {{ rows }} group by panel_name) as starts
        where starts.panel_name = {{ target }}.panel_name and starts.ds <= {{ target }}.ds
    );

    delete from {{ target }}
    where not exists (
        select 1
        from (select distinct panel_name, ds from {{ ref('warehouse_forecaster', 'int_spine') }}) as spine
        where spine.panel_name = {{ target }}.panel_name and spine.ds = {{ target }}.ds
    );

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ rows }}
{% endmacro %}
