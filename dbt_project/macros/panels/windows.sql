{#- Lags and windows in periods; they follow from the panel's frequency and season. -#}
{% macro windows(panel) %}
    {% set by_frequency = {
        'day': {'short': 7, 'medium': 28, 'long': 91, 'year': 364},
        'week': {'short': 4, 'medium': 13, 'long': 26, 'year': 52},
        'month': {'short': 3, 'medium': 6, 'long': 12, 'year': 12},
    } %}
    {% set season = panel.season_length | int %}
    {% set result = {'season': season, 'two_seasons': 2 * season, 'four_seasons': 4 * season} %}
    {% do result.update(by_frequency[panel.frequency]) %}
    {{ return(result) }}
{% endmacro %}
