{#- Notes under which settings the panel was built, in the transaction that built it. -#}
{% macro record_panel_build() %}
    insert into {{ ref('warehouse_forecaster', 'panel_builds') }} (panel_name, config_fingerprint, n_rows, built_at)
    select
        panel_name,
        '{{ warehouse_forecaster.panel_fingerprint() }}' as config_fingerprint,
        count(*) as n_rows,
        {{ warehouse_forecaster.this_moment() }} as built_at
    from {{ this }}
    group by panel_name
{% endmacro %}
