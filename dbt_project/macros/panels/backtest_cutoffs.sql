{#- The backtests' cutoffs as SQL over `last_period`: counted back from the last whose horizon is known, or the dates given. -#}
{% macro backtest_cutoffs(panel) %}
    {% set result = [] %}
    {% if panel.cutoffs is mapping %}
        {% for n in range(panel.cutoffs.get('count', 1) | int) %}
            {% set back = panel.horizon | int + n * (panel.cutoffs.get('step', panel.horizon) | int) %}
            {% do result.append(warehouse_forecaster.period_add('last_period', -back, panel.frequency)) %}
        {% endfor %}
    {% else %}
        {% for day in panel.cutoffs %}
            {% do result.append(warehouse_forecaster.period_start("date '" ~ day ~ "'", panel.frequency)) %}
        {% endfor %}
    {% endif %}
    {{ return(result) }}
{% endmacro %}
