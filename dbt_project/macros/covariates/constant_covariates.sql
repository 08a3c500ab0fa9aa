{#- The query of a model of covariates whose input is not there: on the spine, constant in the past; numbers are null in the future. -#}
{% macro constant_covariates(columns) %}
with final as (
    select
        panel_name,
        unique_id,
        ds,
        {%- for column, value in columns.items() %}
        {{ 'not is_future and ' ~ (value | lower) if value is boolean else 'case when not is_future then cast(' ~ value ~ ' as double) end'
            }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('warehouse_forecaster', 'int_spine') }}
)

select * from final
{% endmacro %}
