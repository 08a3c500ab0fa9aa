{#- From where each panel must be written anew: {panel: date}. The whole panel where the vars or the package's models changed or it
    was never built; else the earliest of the late-arrival window, the periods that were future when it was built, and the first
    period in which a source no longer holds what the panel was made of. That last makes an incremental build equal a full one,
    however old a correction is. -#}
{% macro panel_rebuild_starts() %}
    {% set starts = {} %}
    {% set expected = warehouse_forecaster.find_model('panel', 'warehouse_forecaster').columns.keys() | map('lower') | list %}
    {% set found = adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower') | list %}
    {% set differing = (expected | reject('in', found) | list) + (found | reject('in', expected) | list) %}
    {% if differing %}
        {{ exceptions.raise_compiler_error(
            "table " ~ this ~ " was built by another version of the package: its columns differ in " ~ differing | join(', ')
            ~ "; run `forecast build --full-refresh`, or dbt build --full-refresh (forecasts stay)"
        ) }}
    {% endif %}
    {% set sources = {} %}
    {% for model, columns in warehouse_forecaster.panel_sources().items() if model not in warehouse_forecaster.absent_covariates() %}
        {% do sources.update({model: columns}) %}
    {% endfor %}
    {% set fingerprint = warehouse_forecaster.panel_fingerprint() %}
    {% for panel in warehouse_forecaster.get_panels() %}
        {% set late = warehouse_forecaster.business('late_arrival_periods') | int %}
        {% set query %}
            with built as (
                select max_by(config_fingerprint, built_at) as config_fingerprint
                from {{ ref('warehouse_forecaster', 'panel_builds') }}
                where panel_name = '{{ panel.name }}'
            ),

            old_future as (
                select min(ds) as ds
                from {{ this }}
                where panel_name = '{{ panel.name }}' and is_future
            ),

            history as (
                select max(ds) as last_period
                from {{ ref('warehouse_forecaster', 'int_periods') }}
                where panel_name = '{{ panel.name }}' and is_complete
            ),

            floors as (
                select
                    case
                        when built.config_fingerprint = '{{ fingerprint }}'
                            then least(
                                {{ warehouse_forecaster.period_add('history.last_period', 1 - late, panel.frequency) }},
                                coalesce(old_future.ds, date '0001-01-01')
                            )
                        else date '0001-01-01'
                    end as ds
                from built
                cross join old_future
                cross join history
            ),
            {% for model, columns in sources.items() %}
            new_{{ loop.index }} as (
                select
                    source.ds,
                    {{ warehouse_forecaster.rows_checksum('source.unique_id', columns) }} as checksum
                from {{ ref('warehouse_forecaster', model) }} as source
                cross join floors
                where source.panel_name = '{{ panel.name }}' and source.ds < floors.ds
                group by source.ds
            ),

            old_{{ loop.index }} as (
                select
                    source.ds,
                    {{ warehouse_forecaster.rows_checksum('source.unique_id', columns) }} as checksum
                from {{ this }} as source
                cross join floors
                where source.panel_name = '{{ panel.name }}' and source.ds < floors.ds
                group by source.ds
            ),

            changed_{{ loop.index }} as (
                select min(ds) as ds
                from new_{{ loop.index }}
                full outer join old_{{ loop.index }} using (ds)
                where coalesce(new_{{ loop.index }}.checksum, 0) <> coalesce(old_{{ loop.index }}.checksum, 0)
            ),
            {% endfor %}
            candidates as (
                select ds from floors
                {%- for model in sources %}
                union all
                select ds from changed_{{ loop.index }}
                {%- endfor %}
            )

            select coalesce(min(ds), date '0001-01-01') as ds from candidates
        {% endset %}
        {% do starts.update({panel.name: run_query(query).columns[0].values()[0]}) %}
    {% endfor %}
    {{ return(starts) }}
{% endmacro %}
