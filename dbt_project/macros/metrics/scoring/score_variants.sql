{#- The ways of treating stock-outs and revisions in which every pair is scored; 0 is the one that slices are taken in. -#}
{% macro score_variants() %}
    {{ return([
        {'number': 0, 'stockouts': 'left out', 'actuals': 'first known'},
        {'number': 1, 'stockouts': 'left out', 'actuals': 'latest'},
        {'number': 2, 'stockouts': 'kept', 'actuals': 'first known'},
        {'number': 3, 'stockouts': 'kept', 'actuals': 'latest'},
    ]) }}
{% endmacro %}
