{#- Tables of demand are built by batches: days, or a panel's periods. Each remembers of what a batch was made when it was built (`int_builds`,
    no panel for days), so that a batch is written anew where that has changed, however old it is, and where nothing of it is left. -#}

{#- What each batch of this table would be made of now: panel_name, ds, checksum. -#}
{% macro batches_now() %}
    {% set name = model.name %}
    {% if name == 'int_sales_classified' %}
        select '' as panel_name, batch_on as ds, checksum from {{ ref('warehouse_forecaster', 'int_demand_days') }}
    {% elif name == 'int_demand_lines' %}
        {#- a day is written whole, and says when #}
        select
            '' as panel_name,
            batch_on as ds,
            cast({{ warehouse_forecaster.hashed(['max(built_at)', 'count(*)']) }} as decimal(38, 0)) as checksum
        from {{ ref('warehouse_forecaster', 'int_sales_classified') }}
        group by batch_on
    {% else %}
        {{ warehouse_forecaster.periods_of_lines_now() }}
    {% endif %}
{% endmacro %}

{#- The batches that differ from when this table was built. -#}
{% macro touched_batches() %}
    select
        coalesce(now_made_of.panel_name, was_made_of.panel_name) as panel_name,
        coalesce(now_made_of.ds, was_made_of.ds) as ds
    from ({{ warehouse_forecaster.batches_now() }}) as now_made_of
    full outer join (
        select
            panel_name,
            ds,
            checksum
        from {{ ref('warehouse_forecaster', 'int_builds') }}
        where
            relation_name = '{{ this.identifier }}'
            and config_fingerprint = '{{ warehouse_forecaster.batches_fingerprint() }}'
    ) as was_made_of
        on
            now_made_of.panel_name = was_made_of.panel_name
            and now_made_of.ds = was_made_of.ds
    where now_made_of.checksum is distinct from was_made_of.checksum
{% endmacro %}

{#- Notes of what each batch of this table was made, in the transaction that wrote it. -#}
{% macro record_batches() %}
    {{ warehouse_forecaster.record_made_of(warehouse_forecaster.batches_now(), warehouse_forecaster.batches_fingerprint()) }}
{% endmacro %}

{#- The settings a batch depends on, all of them once lines are counted by panel, and the text that computes it. -#}
{% macro batches_fingerprint() %}
    {% if not execute %}{{ return('') }}{% endif %}
    {% if model.name == 'int_demand_by_period' %}{{ return(warehouse_forecaster.panel_fingerprint()) }}{% endif %}
    {{ return(local_md5(warehouse_forecaster.demand_settings_id() ~ warehouse_forecaster.code_fingerprint())) }}
{% endmacro %}

{#- A join that leaves the periods to be written; nothing where all are. -#}
{% macro only_touched_batches(relation) %}
    {% if execute and model.resource_type != 'unit_test' and is_incremental() %}
    inner join ({{ warehouse_forecaster.touched_batches() }}) as touched
        on {{ relation }}.panel_name = touched.panel_name and {{ relation }}.ds = touched.ds
    {% endif %}
{% endmacro %}
