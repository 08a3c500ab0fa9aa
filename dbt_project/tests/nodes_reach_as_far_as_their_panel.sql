{#- A panel of nodes whose histories end before its parent's cannot be reconciled with it at the last cutoff. -#}
{{ config(severity='warn') }}
select
    nodes.panel_name,
    nodes.last_period,
    parents.panel_name as parent,
    parents.last_period as last_period_of_parent
from {{ ref('warehouse_forecaster', 'settings') }} as nodes
inner join {{ ref('warehouse_forecaster', 'settings') }} as parents on nodes.nodes_of = parents.panel_name
where nodes.last_period is distinct from parents.last_period
