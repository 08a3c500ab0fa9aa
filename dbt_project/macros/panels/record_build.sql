{#- Notes of what each period of this table was made, in the transaction that wrote it. -#}
{% macro record_build() %}
    {{ warehouse_forecaster.record_made_of(warehouse_forecaster.periods_now(), warehouse_forecaster.panel_fingerprint()) }}
{% endmacro %}

{#- What is made of the same as before keeps the time at which it was taken in; what is not, or is no more, gives way. -#}
{% macro record_made_of(now_made_of, fingerprint) %}
    {% set builds = ref('warehouse_forecaster', 'int_builds') %}
    create or replace temp table now_made_of as {{ now_made_of }};

    delete from {{ builds }}
    where
        relation_name = '{{ this.identifier }}'
        and (
            config_fingerprint <> '{{ fingerprint }}'
            or (panel_name, ds, checksum) not in (select (panel_name, ds, checksum) from now_made_of)
            or {{ 'false' if is_incremental() else 'true' }}
        );

    insert into {{ builds }} (relation_name, panel_name, ds, checksum, config_fingerprint, built_at)
    select
        '{{ this.identifier }}' as relation_name,
        panel_name,
        ds,
        checksum,
        '{{ fingerprint }}' as config_fingerprint,
        {{ warehouse_forecaster.this_moment() }} as built_at
    from now_made_of
    where (panel_name, ds) not in (select (panel_name, ds) from {{ builds }} where relation_name = '{{ this.identifier }}')
{% endmacro %}
