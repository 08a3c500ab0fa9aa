{#- The first period that may use a plan recorded at this instant (UTC): the plan must stand at the start of the period
    `notice` periods before. A notice of -1 asks only that it was recorded by the period's close.
    A plan without an instant counts as known in advance. -#}
{% macro visible_from(known_at, frequency, notice) -%}
    {%- set moment = warehouse_forecaster.business_time(known_at) -%}
    {%- set period = warehouse_forecaster.period_start(moment, frequency) -%}
    case
        when {{ known_at }} is null then cast('0001-01-01' as date)
        when {{ moment }} = cast({{ period }} as timestamp) then {{ warehouse_forecaster.period_add(period, notice, frequency) }}
        else {{ warehouse_forecaster.period_add(period, notice + 1, frequency) }}
    end
{%- endmacro %}
