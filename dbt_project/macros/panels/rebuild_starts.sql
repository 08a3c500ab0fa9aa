{#- From where each panel of this table must be written anew: {panel: first day of a period}, none where nothing has changed; empty
    where the table is written whole. A table remembers of what each period was made when it was built (`int_builds`), so the first
    period that is made of something else now is where to begin, however old a correction is: every window looks back, and what
    lies before that period cannot have changed. The whole panel where the vars or the package's models changed. -#}
{% macro rebuild_starts() %}
    {% if execute and (model.resource_type == 'unit_test' or not is_incremental()) %}{{ return({}) }}{% endif %}
    {% set periods_now = warehouse_forecaster.periods_now() %}
    {% set builds = ref('warehouse_forecaster', 'int_builds') %}
    {% if not execute %}{{ return({}) }}{% endif %}
    {% set query %}
        with now_made_of as (
            {{ periods_now }}
        ),

        was_made_of as (
            select
                panel_name,
                ds,
                checksum
            from {{ builds }}
            where
                relation_name = '{{ this.identifier }}'
                and config_fingerprint = '{{ warehouse_forecaster.panel_fingerprint() }}'
        ),

        compared as (
            select
                coalesce(now_made_of.panel_name, was_made_of.panel_name) as panel_name,
                coalesce(now_made_of.ds, was_made_of.ds) as ds,
                was_made_of.ds is not null as was_built,
                now_made_of.checksum is distinct from was_made_of.checksum as is_changed
            from now_made_of
            full outer join was_made_of
                on
                    now_made_of.panel_name = was_made_of.panel_name
                    and now_made_of.ds = was_made_of.ds
        )

        select
            panel_name,
            case when bool_or(was_built) then min(case when is_changed then ds end) else date '0001-01-01' end as ds
        from compared
        group by panel_name
    {% endset %}
    {% set found = {} %}
    {% for row in run_query(query).rows %}
        {% if row[1] %}{% do found.update({row[0]: row[1] | string}) %}{% endif %}
    {% endfor %}
    {% set starts = {} %}
    {% for panel in warehouse_forecaster.get_panels() %}
        {% do starts.update({panel.name: found.get(panel.name)}) %}
    {% endfor %}
    {{ return(starts) }}
{% endmacro %}
