{#-
    How often the probability integral transform of an actual lies at or below a level: the level itself, where forecasts are right.
    A count that equals its quantile has a transform anywhere between P(Y < y) and P(Y <= y), spread evenly, so it counts by the part
    below the level: what a randomised transform gives on average, without its noise (Czado, Gneiting and Held 2009, section 2.1).
-#}
{% macro pit(y, value, quantile, below, at) -%}
    {{ warehouse_forecaster.mean_of(
        'case when ' ~ y ~ ' < ' ~ value ~ ' then 1.0 when ' ~ y ~ ' > ' ~ value ~ ' then 0.0 '
        ~ 'when ' ~ y ~ ' = ' ~ value ~ ' then (' ~ quantile ~ ' - ' ~ below ~ ') / nullif(' ~ at ~ ' - ' ~ below ~ ', 0) end'
    ) }}
{%- endmacro %}
