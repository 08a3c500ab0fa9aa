{#- A hash of all that shapes a table of panels beside the data: the vars, and the text that computes it. `as_of` moves on without reshaping. -#}
{% macro panel_fingerprint() %}
    {% if not execute %}{{ return('') }}{% endif %}
    {% set settings = {'panels': warehouse_forecaster.get_panels()} %}
    {% for name in ['inputs', 'imputation', 'outliers'] %}
        {% do settings.update({name: var(name, none)}) %}
    {% endfor %}
    {% for key in ['time_zone', 'week_start', 'currency', 'closing_delay_hours', 'late_arrival_periods'] %}
        {% do settings.update({key: warehouse_forecaster.business(key)}) %}
    {% endfor %}
    {% set scaling = [] %}
    {% for feature in warehouse_forecaster.get_features() %}
        {% do scaling.append([feature.name, feature.role, feature.scaling]) %}
    {% endfor %}
    {{ return(local_md5(tojson([settings, scaling, warehouse_forecaster.code_fingerprint()], sort_keys=true))) }}
{% endmacro %}
