{#- Notes of what each period of this table was made, in the transaction that wrote it. -#}
{% macro record_build() %}
    {% set builds = ref('warehouse_forecaster', 'int_builds') %}
    delete from {{ builds }} where relation_name = '{{ this.identifier }}';

    insert into {{ builds }} (relation_name, panel_name, ds, checksum, config_fingerprint)
    select
        '{{ this.identifier }}' as relation_name,
        panel_name,
        ds,
        checksum,
        '{{ warehouse_forecaster.panel_fingerprint() }}' as config_fingerprint
    from {{ ref('warehouse_forecaster', 'int_period_checksums') }}
{% endmacro %}
