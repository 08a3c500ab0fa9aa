{#- How many days back an incremental build looks again: `business.late_arrival_periods` of the longest frequency in use. -#}
{% macro late_arrival_days() %}
    {% set days = {'day': 1, 'week': 7, 'month': 31} %}
    {% set longest = namespace(days=1) %}
    {% for panel in warehouse_forecaster.get_panels() %}
        {% set longest.days = [longest.days, days[panel.frequency]] | max %}
    {% endfor %}
    {{ return((warehouse_forecaster.business('late_arrival_periods') | int) * longest.days) }}
{% endmacro %}
