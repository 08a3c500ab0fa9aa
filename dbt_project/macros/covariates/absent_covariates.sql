{#- Covariates of inputs that are not there, as constants: {model: {column: value}}. What holds for every row of the past needs no table
    of as many rows, nor a join to it: the model is a view, and the panel says the constant itself. -#}
{% macro absent_covariates() %}
    {% set absent = {} %}
    {% if not warehouse_forecaster.has_input('events') %}
        {% do absent.update({'int_behaviour_covariates': {
            'views': '0', 'carts': '0', 'wishlists': '0', 'cart_rate': '0', 'conversion_rate': '0', 'views_mean_short': '0',
            'carts_mean_short': '0',
        }}) %}
    {% endif %}
    {% if not (warehouse_forecaster.has_column('sales', 'customer_id') or warehouse_forecaster.has_column('demand', 'customer_id')) %}
        {% do absent.update({'int_audience_covariates': {
            'audience_size': '0', 'audience_age': '0', 'audience_female_share': '0', 'audience_top_region_share': '0',
            'is_audience_age_imputed':
                warehouse_forecaster.has_column('customers', 'birth_year') or warehouse_forecaster.has_column('customers', 'age'),
            'is_audience_female_share_imputed': warehouse_forecaster.has_column('customers', 'gender'),
            'is_audience_top_region_share_imputed': warehouse_forecaster.has_column('customers', 'region'),
        }}) %}
    {% endif %}
    {% if not warehouse_forecaster.has_input('market') %}
        {% do absent.update({'int_market_covariates': {
            'competitor_relative_price': '1', 'competitor_sales': '0', 'market_trend': '1',
            'is_competitor_relative_price_imputed': false, 'is_competitor_sales_imputed': false, 'is_market_trend_imputed': false,
        }}) %}
    {% endif %}
    {{ return(absent) }}
{% endmacro %}
