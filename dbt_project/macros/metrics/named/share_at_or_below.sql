{#- P(y <= q). Of counts, a calibrated quantile lies between `share_below` and this. -#}
{% macro share_at_or_below(y, value) -%}
    {{ warehouse_forecaster.mean_of('case when ' ~ y ~ ' <= ' ~ value ~ ' then 1.0 when ' ~ y ~ ' > ' ~ value ~ ' then 0.0 end') }}
{%- endmacro %}
