{#- The rows of a panel that a build writes anew, or, `back` periods earlier, those that their windows read. `starts` is what
    rebuild_starts() returned. -#}
{% macro since(starts, panel, column='ds', back=0) -%}
    {%- if not starts or (starts.get(panel.name) or '9') < '0002' -%}
        true
    {%- elif not starts.get(panel.name) -%}
        false
    {%- else -%}
        {%- set start = "date '" ~ starts[panel.name] ~ "'" -%}
        {{ column }} >= {{ warehouse_forecaster.period_add(start, -back, panel.frequency) if back else start }}
    {%- endif -%}
{%- endmacro %}

{#- The same of all panels at once, for a relation with a `panel_name`. -#}
{% macro since_in_panels(starts, relation=none, back=0) -%}
    {%- if not starts -%}
        true
    {%- else -%}
        {%- set prefix = relation ~ '.' if relation else '' -%}
        (
            {%- for panel in warehouse_forecaster.get_panels() %}
            ({{ prefix }}panel_name = '{{ panel.name }}' and {{ warehouse_forecaster.since(starts, panel, prefix ~ 'ds', back) }})
            {{- ' or' if not loop.last }}
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}
